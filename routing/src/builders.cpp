#include <braid/routing/builders.hpp>

namespace braid::routing {

TopicBuilder& TopicBuilder::consumer(std::string name, ConsumerFactory factory, bool asynchronous) {
  topic_->consumer_name = std::move(name);
  topic_->consumer = std::move(factory);
  topic_->asynchronous = asynchronous;
  topic_->taken_value.reset();
  return *this;
}

TopicBuilder& TopicBuilder::takes(std::optional<TakenValue> value) {
  topic_->taken_value = value;
  return *this;
}

TopicBuilder& TopicBuilder::deserializer(Deserializer deserializer) {
  topic_->deserializer = std::move(deserializer);
  return *this;
}

TopicBuilder& TopicBuilder::max_messages(std::uint32_t count) {
  topic_->max_messages = count;
  return *this;
}

TopicBuilder& TopicBuilder::max_wait(std::chrono::milliseconds time) {
  topic_->max_wait = time;
  return *this;
}

TopicBuilder& TopicBuilder::virtual_partitions(VirtualPartitions settings) {
  topic_->virtual_partitions = std::move(settings);
  return *this;
}

TopicBuilder& TopicBuilder::order(Order order) {
  topic_->order = order;
  return *this;
}

TopicBuilder& TopicBuilder::max_queued(std::uint32_t messages) {
  topic_->max_queued = messages;
  return *this;
}

TopicBuilder& TopicBuilder::max_open_offsets(std::uint32_t messages) {
  topic_->max_open_offsets = messages;
  return *this;
}

TopicBuilder& TopicBuilder::max_window(std::uint32_t offsets) {
  topic_->max_window = offsets;
  return *this;
}

TopicBuilder& TopicBuilder::max_bytes(std::size_t bytes) {
  topic_->max_bytes = bytes;
  return *this;
}

TopicBuilder& TopicBuilder::hold_copy_after(std::optional<std::chrono::milliseconds> time) {
  topic_->hold_copy_after = time;
  return *this;
}

TopicBuilder& TopicBuilder::max_concurrency(std::uint32_t jobs) {
  topic_->max_concurrency = jobs;
  return *this;
}

TopicBuilder& TopicBuilder::max_in_flight(std::uint32_t jobs) {
  topic_->max_in_flight = jobs;
  return *this;
}

TopicBuilder& TopicBuilder::offsets(Offsets offsets) {
  topic_->offsets = offsets;
  return *this;
}

TopicBuilder& TopicBuilder::commit(Commit commit) {
  topic_->commit = commit;
  return *this;
}

TopicBuilder& TopicBuilder::commit(Commit::When when) {
  return commit(Commit{.when = when});
}

TopicBuilder& TopicBuilder::delivery(Delivery delivery) {
  topic_->delivery = delivery;
  return *this;
}

TopicBuilder& TopicBuilder::transaction_batches(std::uint32_t count) {
  topic_->transaction_batches = count;
  return *this;
}

TopicBuilder& TopicBuilder::transaction_interval(std::chrono::milliseconds interval) {
  topic_->transaction_interval = interval;
  return *this;
}

TopicBuilder& TopicBuilder::end_of_partition(bool wanted) {
  topic_->end_of_partition = wanted;
  return *this;
}

TopicBuilder& TopicBuilder::tick_every(std::chrono::milliseconds time) {
  topic_->tick_every = time;
  return *this;
}

TopicBuilder& TopicBuilder::ticket_timeout(std::chrono::milliseconds time) {
  topic_->ticket_timeout = time;
  return *this;
}

TopicBuilder& TopicBuilder::max_processing_time(std::chrono::milliseconds time) {
  topic_->max_processing_time = time;
  return *this;
}

TopicBuilder& TopicBuilder::stalled_after(std::chrono::milliseconds time) {
  topic_->stalled_after = time;
  return *this;
}

TopicBuilder& TopicBuilder::on_ticket_timeout(OnTicketTimeout action) {
  topic_->on_ticket_timeout = action;
  return *this;
}

TopicBuilder& TopicBuilder::flow(Flow flow) {
  topic_->flow = flow;
  return *this;
}

TopicBuilder& TopicBuilder::offset_store(std::shared_ptr<OffsetStore> store) {
  topic_->offset_store = std::move(store);
  return *this;
}

TopicBuilder& TopicBuilder::initial_offset(std::chrono::milliseconds age) {
  topic_->initial_offset = InitialOffset::by_duration;
  topic_->initial_age = age;
  return *this;
}

TopicBuilder& TopicBuilder::initial_offset(InitialOffset policy) {
  topic_->initial_offset = policy;
  return *this;
}

TopicBuilder& TopicBuilder::retries(Retries retries) {
  topic_->retries = std::move(retries);
  topic_->own_retries = true;
  return *this;
}
TopicBuilder& TopicBuilder::on_failure(OnFailure what) {
  topic_->on_failure = what;
  return *this;
}
TopicBuilder& TopicBuilder::on_exhausted(OnExhausted what) {
  topic_->on_exhausted = what;
  return *this;
}
TopicBuilder& TopicBuilder::max_parked(std::uint32_t messages) {
  topic_->max_parked = messages;
  return *this;
}
TopicBuilder& TopicBuilder::dead_letter(DeadLetters letters) {
  topic_->dead_letters = std::move(letters);
  return *this;
}

SubscriptionGroupBuilder& SubscriptionGroupBuilder::connections(std::uint32_t count) {
  return connections(Connections{.count = count});
}

SubscriptionGroupBuilder& SubscriptionGroupBuilder::connections(Connections connections) {
  recorded_->group.connections = connections;
  return *this;
}

SubscriptionGroupBuilder& SubscriptionGroupBuilder::max_concurrency(std::uint32_t jobs) {
  recorded_->group.max_concurrency = jobs;
  return *this;
}

SubscriptionGroupBuilder& SubscriptionGroupBuilder::retries(Retries retries) {
  recorded_->group.retries = std::move(retries);
  return *this;
}

TopicBuilder SubscriptionGroupBuilder::topic(std::string name) {
  detail::RecordedTopic& topic = recorded_->topics.emplace_back();
  topic.name = std::move(name);
  return TopicBuilder(topic);
}

TopicBuilder SubscriptionGroupBuilder::topics_matching(std::string pattern) {
  TopicBuilder topic = this->topic(std::move(pattern));
  recorded_->topics.back().is_pattern = true;
  return topic;
}

SubscriptionGroupBuilder ConsumerGroupBuilder::subscription_group(std::string id) {
  auto& added = recorded_->subscription_groups.emplace_back();
  added.group.id = std::move(id);
  return SubscriptionGroupBuilder(added);
}

ConsumerGroupBuilder& ConsumerGroupBuilder::retries(Retries retries) {
  recorded_->group.retries = std::move(retries);
  return *this;
}

SubscriptionGroupBuilder ConsumerGroupBuilder::implicit_group() {
  if (recorded_->implicit == nullptr) {
    recorded_->implicit = &recorded_->subscription_groups.emplace_back();
    recorded_->implicit->group.id = recorded_->group.id;
  }
  return SubscriptionGroupBuilder(*recorded_->implicit);
}

TopicBuilder ConsumerGroupBuilder::topic(std::string name) {
  return implicit_group().topic(std::move(name));
}

TopicBuilder ConsumerGroupBuilder::topics_matching(std::string pattern) {
  return implicit_group().topics_matching(std::move(pattern));
}

ConsumerGroupBuilder RoutesBuilder::consumer_group(std::string id) {
  auto& added = consumer_groups_.emplace_back();
  added.group.id = std::move(id);
  return ConsumerGroupBuilder(added);
}

namespace {

constexpr std::string_view kKafkaPrefix = "kafka.";

// What the child does not set itself comes from its parent, together with the place that set it.
template <class Parent, class Child>
void inherit(const Parent& parent, Child& child) {
  for (const auto& [name, value] : parent.kafka) {
    if (!child.kafka.try_emplace(name, value).second) continue;
    const std::string option = std::string(kKafkaPrefix) + name;
    const auto place = parent.option_locations.find(option);
    if (place != parent.option_locations.end()) child.option_locations.try_emplace(option, place->second);
  }
}

// The places of the parent's retries, which the child has none of its own of.
template <class Parent, class Child>
void inherit_places_of_retries(const Parent& parent, Child& child) {
  constexpr std::string_view kRetries = "retries";
  for (const auto& [option, place] : parent.option_locations) {
    if (option.starts_with(kRetries)) child.option_locations.try_emplace(option, place);
  }
}

// What is nearest counts as a whole.
void inherit_retries(const ConsumerGroup& parent, SubscriptionGroup& child) {
  if (child.retries || !parent.retries) return;
  child.retries = parent.retries;
  inherit_places_of_retries(parent, child);
}
void inherit_retries(const SubscriptionGroup& parent, Topic& child) {
  if (!parent.retries) return;
  child.retries = *parent.retries;
  inherit_places_of_retries(parent, child);
}

// Where dead letters go follows from what names it, where that is one thing.
void resolve_dead_letters(DeadLetters& letters) {
  const bool topic = !letters.topic.empty();
  const bool function = static_cast<bool>(letters.topic_of);
  if (letters.to != DeadLetters::To::nowhere || topic == function) return;
  letters.to = topic ? DeadLetters::To::topic : DeadLetters::To::function;
}

// An order is sugar: it says by what messages are told apart where nothing else does.
void resolve_order(Topic& topic) {
  PartitionBy& by = topic.virtual_partitions.by;
  if (topic.order && by.kind == PartitionBy::Kind::message_key) by.kind = partition_by_of(*topic.order);
}

}  // namespace

Routes RoutesBuilder::build() const {
  Routes routes;
  for (const auto& recorded_group : consumer_groups_) {
    ConsumerGroup& group = routes.consumer_groups.emplace_back(recorded_group.group);
    for (const auto& recorded : recorded_group.subscription_groups) {
      SubscriptionGroup& subscription_group = group.subscription_groups.emplace_back(recorded.group);
      // What only the implicit group's parent knows: a problem with the group lies there.
      if (&recorded == recorded_group.implicit) subscription_group.location = group.location;
      inherit(group, subscription_group);
      inherit_retries(group, subscription_group);
      for (const detail::RecordedTopic& recorded_topic : recorded.topics) {
        Topic& topic = subscription_group.topics.emplace_back(recorded_topic);
        inherit(subscription_group, topic);
        if (!recorded_topic.own_retries) inherit_retries(subscription_group, topic);
        resolve_order(topic);
        resolve_dead_letters(topic.dead_letters);
      }
    }
  }
  return routes;
}

}  // namespace braid::routing
