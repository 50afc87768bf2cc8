#pragma once

#include <braid/routing/class_name.hpp>
#include <braid/routing/partition_by.hpp>
#include <braid/routing/routes.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// What records routes: the C++ DSL (draw.hpp) and the readers of files drive the same builders. They take every
// value as it comes and judge none; validate() does. Thread: all builders belong to the one that draws.

namespace braid::routing {

namespace detail {

// Deques, so that the builders' pointers stay good while more is added.
struct RecordedTopic : Topic {
  bool own_retries = false;  // else they are inherited
};
struct RecordedSubscriptionGroup {
  SubscriptionGroup group;  // its topics are those below, its Kafka settings its own alone
  std::deque<RecordedTopic> topics;
};
struct RecordedConsumerGroup {
  ConsumerGroup group;
  std::deque<RecordedSubscriptionGroup> subscription_groups;
  RecordedSubscriptionGroup* implicit = nullptr;
};

template <class Value>
[[nodiscard]] std::string kafka_value(const Value& value) {
  if constexpr (std::same_as<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::integral<Value>) {
    return std::to_string(value);
  } else {
    return std::string(std::string_view(value));
  }
}

// Which consumer class a function becomes; defined by <braid/handler.hpp>, which <braid/braid.hpp> includes.
template <class Handler>
struct HandlerConsumer;
// The same of a function of TypedMessage<T> or TypedBatch<T>; defined by <braid/typed_consumer.hpp>.
template <class T, class Handler>
struct TypedHandlerConsumer;

// What all three kinds of elements can be told: Kafka settings, and where a file declares them.
template <class Builder, class Element>
class ElementBuilder {
 public:
  // One librdkafka setting, by its own name; text, a whole number or a bool. Inherited by all below, where it may
  // be set anew. The last one wins.
  template <class Value>
  Builder& kafka(std::string name, const Value& value) {
    element().kafka.insert_or_assign(std::move(name), kafka_value(value));
    return self();
  }

  // For readers of files: where the element is, and where one of its options is (see OptionLocations).
  Builder& located(SourceLocation location) {
    element().location = std::move(location);
    return self();
  }
  Builder& located(std::string option, SourceLocation location) {
    element().option_locations.insert_or_assign(std::move(option), std::move(location));
    return self();
  }

 private:
  [[nodiscard]] Builder& self() { return static_cast<Builder&>(*this); }
  [[nodiscard]] Element& element() { return self().recorded(); }
};

}  // namespace detail

// A topic of a subscription group, and how it is consumed. A handle: copies speak of the same topic. Valid while
// its RoutesBuilder is.
class TopicBuilder : public detail::ElementBuilder<TopicBuilder, Topic> {
 public:
  // The consumer class; one object is made for each virtual partition. Named by class_name().
  template <class T>
  TopicBuilder& consumer() {
    static_assert(std::is_base_of_v<Consumer, T>, "a consumer must derive from braid::Consumer");
    static_assert(std::is_default_constructible_v<T>,
                  "a consumer that needs arguments is given a factory: consumer<T>([] { ... })");
    return consumer<T>([] { return std::make_unique<T>(); });
  }
  // The same, made by `factory`, which is called on workers, several at once.
  template <class T, class Factory>
  TopicBuilder& consumer(Factory factory) {
    consumer(consumer_class_name<T>(), ConsumerFactory(std::move(factory)), std::is_base_of_v<AsyncConsumer, T>);
    return takes(detail::taken_value<T>());
  }
  // Any consumer, under a name of your choice. `asynchronous`: it is an AsyncConsumer.
  TopicBuilder& consumer(std::string name, ConsumerFactory factory, bool asynchronous = false);
  // A function instead of a class:
  //   [](Batch& batch) { ... }             as Consumer::consume
  //   [](const Message& message) { ... }   as MessageConsumer::consume
  //   [](Batch batch) -> boost::asio::awaitable<void> { ... }   as AsyncConsumer::consume; with
  //   <braid/async_consumer.hpp>
  // Each virtual partition gets a copy of its own, so no two threads are in one copy at a time; what it captured by
  // reference or by pointer is shared by all of them.
  template <class Handler>
  TopicBuilder& handle(Handler handler) {
    using Made = typename detail::HandlerConsumer<Handler>::type;
    return consumer(
        "handler", [handler = std::move(handler)] { return std::make_unique<Made>(handler); },
        detail::HandlerConsumer<Handler>::asynchronous);
  }
  // A function that takes values: handle<Event>([](const TypedMessage<Event>& message) { ... }), or of
  // TypedBatch<Event>&.
  template <class T, class Handler>
  TopicBuilder& handle(Handler handler) {
    using Made = typename detail::TypedHandlerConsumer<T, Handler>::type;
    consumer("handler", [handler = std::move(handler)] { return std::make_unique<Made>(handler); });
    return takes(detail::taken_value<Made>());
  }
  // For readers of files: what the consumer that was named takes.
  TopicBuilder& takes(std::optional<TakenValue> value);

  // What the payloads are, for consumers that take values (<braid/typed_consumer.hpp>): raw(), text(), json(),
  // json<T>(). By default what the consumer's type is made from.
  TopicBuilder& deserializer(Deserializer deserializer);
  // The user's own: a function of const Message&, or of the payload as a std::string_view, that returns the value.
  // Called on workers, several at once. What it throws says that the payload can't be decoded.
  template <class Function>
  requires(!std::is_convertible_v<Function, Deserializer>) TopicBuilder& deserializer(Function function) {
    return deserializer(detail::FunctionDeserializer<Function>::of(std::move(function)));
  }

  // At most so many messages in a batch: 1 to 1,000,000; 100 by default.
  TopicBuilder& max_messages(std::uint32_t count);
  // How long a batch that is not full waits for more: 0 (the default; it goes as soon as it can) to 1 h.
  TopicBuilder& max_wait(std::chrono::milliseconds time);
  // By what messages are told apart, and over how many virtual partitions they are spread.
  TopicBuilder& virtual_partitions(VirtualPartitions settings);
  // The order that messages keep, by name: `unordered`, `by_key` (the default) or `by_partition`. Sugar for the
  // `by` of virtual_partitions(), whose other settings it leaves alone; a `by` that says otherwise is a mistake.
  TopicBuilder& order(Order order);
  // `batch` (the default): the next batch when the present one has settled. `continuous`: no barrier.
  TopicBuilder& flow(Flow flow);

  // --- what stands before the consumer

  // One filter more, asked behind those that are there: throttle(), throttle_by_key(), delay(), expire().
  TopicBuilder& filter(FilterSettings settings);
  // A filter class of your own; one object is made for each assignment of a partition. Named by class_name().
  template <class T>
  TopicBuilder& filter() {
    static_assert(std::is_default_constructible_v<T>,
                  "a filter that needs arguments is given a factory: filter<T>([] { ... })");
    return filter<T>([] { return std::make_unique<T>(); });
  }
  // The same, made by `factory`, which is called on listeners, several at once.
  template <class T, class Factory>
  TopicBuilder& filter(Factory factory) {
    return filter(filter_class_name<T>(), FilterFactory(std::move(factory)));
  }
  // Any filter, under a name of your choice.
  TopicBuilder& filter(std::string name, FilterFactory factory);

  // --- bounds of what a partition holds; whichever is reached first, only this partition waits

  // continuous: messages in one virtual partition's queue: 1 to 100,000,000; 10,000 by default.
  TopicBuilder& max_queued(std::uint32_t messages);
  // Messages delivered and not done: 1 to 100,000,000; 100,000 by default. With `flow: batch` two batches must fit.
  TopicBuilder& max_open_offsets(std::uint32_t messages);
  // Offsets from the position to the highest delivered one, a bit of memory each: at least max_open_offsets, at
  // most 1,073,741,824; 16,777,216 by default.
  TopicBuilder& max_window(std::uint32_t offsets);
  // Bytes of keys and payloads, those that wait for a retry included: 1 KiB to 1 TiB; 64 MiB by default.
  TopicBuilder& max_bytes(std::size_t bytes);
  // What waits for longer, in a queue or for a retry, is copied out of the fetch that it came in: 1 ms to 24 h; 1 s
  // by default; std::nullopt: never.
  TopicBuilder& hold_copy_after(std::optional<std::chrono::milliseconds> time);

  // --- bounds of what runs

  // Jobs of this topic that run at once, over all connections: 1 to 10,000; by default as many as there are
  // workers.
  TopicBuilder& max_concurrency(std::uint32_t jobs);
  // Asynchronous consumers: jobs of this topic in flight at once, over all connections: 1 to 1,000,000; 10,000 by
  // default.
  TopicBuilder& max_in_flight(std::uint32_t jobs);

  // --- offsets

  // Who says that a message is done: returning from consume() (`automatic`, the default) or marks alone (`manual`).
  TopicBuilder& offsets(Offsets offsets);
  // When the position is committed; by default each commit_interval of the application.
  TopicBuilder& commit(Commit commit);
  TopicBuilder& commit(Commit::When when);
  // at_least_once by default.
  TopicBuilder& delivery(Delivery delivery);
  // Under exactly_once: how many batches share a transaction (1 by default), and for how long at most (100 ms).
  TopicBuilder& transaction_batches(std::uint32_t count);
  TopicBuilder& transaction_interval(std::chrono::milliseconds interval);
  // Where positions are kept under Commit::When::external; see <braid/offset_store.hpp>.
  TopicBuilder& offset_store(std::shared_ptr<OffsetStore> store);
  // Where a partition without a committed position starts; earliest by default.
  TopicBuilder& initial_offset(InitialOffset policy);
  // At the first message that is at most so old then, by the broker's timestamps; 1 ms to 366 days. Where all are
  // older, at the end.
  TopicBuilder& initial_offset(std::chrono::milliseconds age);

  // --- failures

  // How often a failed share is tried again, and how long it waits before; by default for ever, or three times
  // where dead letters have somewhere to go, after 1 s, 2 s, 4 s and so on up to a minute. Inherited as a whole.
  TopicBuilder& retries(Retries retries);
  // Whether that share alone is tried again (`isolate`, the default), or all that is not done of its batch
  // (`collapse`, with `flow: batch`).
  TopicBuilder& on_failure(OnFailure what);
  // What becomes of a message whose retries are used up: `dead_letter` by default, where there are any.
  TopicBuilder& on_exhausted(OnExhausted what);
  // Messages of a partition that are parked at once: 1 to 1,000,000; 1,000 by default.
  TopicBuilder& max_parked(std::uint32_t messages);
  // Where messages go that could not be processed: a topic, or all that DeadLetters can say.
  // (A template, since `{.topic = "x"}` is taken for a string in generic lambdas.)
  template <std::convertible_to<std::string> Name>
  TopicBuilder& dead_letter(Name&& topic) {
    return dead_letter(
        DeadLetters{.to = DeadLetters::To::topic, .topic = static_cast<std::string>(std::forward<Name>(topic))});
  }
  TopicBuilder& dead_letter(DeadLetters letters);

  // --- hooks and tickets

  // Calls Consumer::on_end_of_partition() when a partition's end is reached and what came before it is done; not by
  // default.
  TopicBuilder& end_of_partition(bool wanted = true);
  // Calls Consumer::on_tick() so often, when nothing else of its virtual partition runs: 1 ms to 24 h; never by
  // default.
  TopicBuilder& tick_every(std::chrono::milliseconds time);
  // A deferred ticket that is not settled for so long is overdue: 1 ms to 24 h; never by default.
  TopicBuilder& ticket_timeout(std::chrono::milliseconds time);
  // What becomes of its virtual partition then: it takes nothing more (`stop`, the default), or its share is tried
  // again beside work that may still be going on (`retry`). Needs a ticket_timeout.
  TopicBuilder& on_ticket_timeout(OnTicketTimeout action);

  // --- what takes too long

  // A share or a hook that runs for longer takes its connection out of the group, so that others get its
  // partitions, until it has returned: 1 ms to 24 h; by default as long as Kafka's max.poll.interval.ms, five
  // minutes.
  TopicBuilder& max_processing_time(std::chrono::milliseconds time);
  // A partition that has something to do and has not moved for so long is reported, with what it waits for: up to
  // 24 h, 0 for never; by default the application's.
  TopicBuilder& stalled_after(std::chrono::milliseconds time);

 private:
  friend class SubscriptionGroupBuilder;
  friend class detail::ElementBuilder<TopicBuilder, Topic>;
  explicit TopicBuilder(detail::RecordedTopic& topic) : topic_(&topic) {}
  [[nodiscard]] Topic& recorded() { return *topic_; }

  detail::RecordedTopic* topic_;
};

// Topics of one consumer group that share connections. A handle, as TopicBuilder.
class SubscriptionGroupBuilder : public detail::ElementBuilder<SubscriptionGroupBuilder, SubscriptionGroup> {
 public:
  // How many Kafka clients, each with its listener thread: 1 (the default) to 100.
  SubscriptionGroupBuilder& connections(std::uint32_t count);
  // The same, or between two bounds: {.min = 1, .max = 3}. `scale_delay` is 1 s to 24 h.
  SubscriptionGroupBuilder& connections(Connections connections);
  // Jobs of all its topics that run at once, over all its connections: 1 to 10,000; by default as many as there are
  // workers.
  SubscriptionGroupBuilder& max_concurrency(std::uint32_t jobs);
  // For those of its topics that set none themselves.
  SubscriptionGroupBuilder& retries(Retries retries);
  TopicBuilder topic(std::string name);
  // Every topic whose name matches, now or later: a POSIX extended regular expression that begins with '^', such as
  // "^orders\\..*". Each has these settings, and positions, virtual partitions and consumers of its own; bounds of
  // jobs are for all of them together. The client looks for new and deleted topics each
  // topic.metadata.refresh.interval.ms, 10 s unless it is set.
  TopicBuilder topics_matching(std::string pattern);

 private:
  friend class ConsumerGroupBuilder;
  friend class detail::ElementBuilder<SubscriptionGroupBuilder, SubscriptionGroup>;
  explicit SubscriptionGroupBuilder(detail::RecordedSubscriptionGroup& recorded) : recorded_(&recorded) {}
  [[nodiscard]] SubscriptionGroup& recorded() { return recorded_->group; }

  detail::RecordedSubscriptionGroup* recorded_;
};

// Kafka's consumer group. A handle, as TopicBuilder.
class ConsumerGroupBuilder : public detail::ElementBuilder<ConsumerGroupBuilder, ConsumerGroup> {
 public:
  template <class Draw>
  ConsumerGroupBuilder& subscription_group(std::string id, Draw&& draw) {
    SubscriptionGroupBuilder group = subscription_group(std::move(id));
    std::forward<Draw>(draw)(group);
    return *this;
  }
  SubscriptionGroupBuilder subscription_group(std::string id);
  // For those of its topics for which neither they nor their subscription group set any.
  ConsumerGroupBuilder& retries(Retries retries);

  // A topic without a subscription group of its own: all such topics of a consumer group share an implicit one,
  // with one connection, whose id is the consumer group's.
  TopicBuilder topic(std::string name);
  // As SubscriptionGroupBuilder's.
  TopicBuilder topics_matching(std::string pattern);

 private:
  friend class RoutesBuilder;
  friend class detail::ElementBuilder<ConsumerGroupBuilder, ConsumerGroup>;
  explicit ConsumerGroupBuilder(detail::RecordedConsumerGroup& recorded) : recorded_(&recorded) {}
  [[nodiscard]] ConsumerGroup& recorded() { return recorded_->group; }
  SubscriptionGroupBuilder implicit_group();

  detail::RecordedConsumerGroup* recorded_;
};

// The root: records consumer groups, and resolves what is inherited. Owned by whoever draws, until build().
class RoutesBuilder {
 public:
  RoutesBuilder() = default;
  RoutesBuilder(const RoutesBuilder&) = delete;
  RoutesBuilder& operator=(const RoutesBuilder&) = delete;

  template <class Draw>
  RoutesBuilder& consumer_group(std::string id, Draw&& draw) {
    ConsumerGroupBuilder group = consumer_group(std::move(id));
    std::forward<Draw>(draw)(group);
    return *this;
  }
  ConsumerGroupBuilder consumer_group(std::string id);

  // The routes as recorded, Kafka settings and retries inherited: consumer group < subscription group < topic.
  // Throws nothing for bad values: they are in the routes, for validate() to find.
  [[nodiscard]] Routes build() const;

 private:
  std::deque<detail::RecordedConsumerGroup> consumer_groups_;
};

}  // namespace braid::routing
