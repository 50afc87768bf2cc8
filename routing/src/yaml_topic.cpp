#include "text.hpp"
#include "yaml_reader.hpp"

// What YamlReader reads of a topic.

namespace braid::routing {

void YamlReader::read_topic(const YamlNode& node, TopicBuilder topic) {
  // An option of one value: its key, and how it is read into the builder.
  using Key = std::pair<std::string_view, Read>;
  const auto count = [&](std::string_view name, Range<std::uint32_t> range,
                         TopicBuilder& (TopicBuilder::*set)(std::uint32_t)) -> Key {
    return {name, [this, &topic, name, range, set](const YamlNode& value) {
              if (const auto read = number(value, name, range)) (topic.*set)(*read);
            }};
  };
  const auto time = [&](std::string_view name,
                        TopicBuilder& (TopicBuilder::*set)(std::chrono::milliseconds)) -> Key {
    return {name, [this, &topic, name, set](const YamlNode& value) {
              if (const auto read = duration(value, name)) (topic.*set)(*read);
            }};
  };
  const auto named = [&]<class Value, std::size_t N>(std::string_view name,
                                                     const std::array<Named<Value>, N>& names,
                                                     TopicBuilder& (TopicBuilder::*set)(Value)) -> Key {
    return {name, [this, &topic, name, &names, set](const YamlNode& value) {
              if (const auto read = value_of(value, name, names)) (topic.*set)(*read);
            }};
  };
  const Read read_max_bytes = [&](const YamlNode& value) {
    if (const auto bytes = size(value, "max_bytes", kMaxBytes)) topic.max_bytes(*bytes);
  };
  const Read read_hold_copy_after = [&](const YamlNode& value) {
    if (value.kind == YamlNode::Kind::scalar && value.scalar == "never") {
      topic.hold_copy_after(std::nullopt);
    } else if (const auto read = duration(value, "hold_copy_after", "never")) {
      topic.hold_copy_after(*read);
    }
  };
  const Read read_stalled_after = [&](const YamlNode& value) {
    if (value.kind == YamlNode::Kind::scalar && value.scalar == "never") {
      topic.stalled_after(std::chrono::milliseconds(0));
    } else if (const auto read = duration(value, "stalled_after", "never")) {
      topic.stalled_after(*read);
    }
  };
  const Read read_end_of_partition = [&](const YamlNode& value) {
    if (const auto wanted = truth(value, "end_of_partition")) topic.end_of_partition(*wanted);
  };
  const Read read_initial_offset = [&](const YamlNode& value) {
    if (value.kind != YamlNode::Kind::mapping) {
      if (const auto policy = value_of(value, "initial_offset", kInitialOffsetNames)) topic.initial_offset(*policy);
      return;
    }
    const Read read_age = [&](const YamlNode& age) {
      if (const auto read = duration(age, "initial_offset: by_duration", "1h")) topic.initial_offset(*read);
    };
    read_mapping(value, "initial_offset", {{"by_duration", read_age}}, [](std::string_view, const YamlNode&) {});
  };
  const Read read_on_exhausted = [&](const YamlNode& value) {
    // Where it can't be read the rules hold it for the harmless one, rather than for missing.
    topic.on_exhausted(value_of(value, "on_exhausted", kOnExhaustedNames).value_or(OnExhausted::skip));
  };

  topic.located(location(node));
  read_mapping(
      node, "a topic",
      {{"name", [&](const YamlNode& value) { text(value, "name"); }},
       {"matching", [&](const YamlNode& value) { text(value, "matching"); }},
       {"consumer", [&](const YamlNode& value) { read_consumer(value, topic); }},
       {"deserializer", [&](const YamlNode& value) { read_deserializer(value, topic); }},
       count("max_messages", kMaxMessages, &TopicBuilder::max_messages),
       time("max_wait", &TopicBuilder::max_wait),
       {"virtual_partitions", [&](const YamlNode& value) { read_virtual_partitions(value, topic); }},
       {"order", [&](const YamlNode& value) { read_order(value, node, topic); }},
       {"filters", [&](const YamlNode& value) { read_filters(value, topic); }},
       named("flow", kFlowNames, &TopicBuilder::flow),
       count("max_queued", kMaxQueued, &TopicBuilder::max_queued),
       count("max_open_offsets", kMaxOpenOffsets, &TopicBuilder::max_open_offsets),
       count("max_window", kMaxWindow, &TopicBuilder::max_window),
       {"max_bytes", read_max_bytes},
       {"hold_copy_after", read_hold_copy_after},
       count("max_concurrency", kMaxConcurrency, &TopicBuilder::max_concurrency),
       count("max_in_flight", kMaxInFlight, &TopicBuilder::max_in_flight),
       named("offsets", kOffsetsNames, &TopicBuilder::offsets),
       {"commit", [&](const YamlNode& value) { read_commit(value, topic); }},
       named("delivery", kDeliveryNames, &TopicBuilder::delivery),
       count("transaction_batches", kTransactionBatches, &TopicBuilder::transaction_batches),
       time("transaction_interval", &TopicBuilder::transaction_interval),
       {"initial_offset", read_initial_offset},
       {"retries", [&](const YamlNode& value) { topic.retries(read_retries(value, places_of(topic))); }},
       named("on_failure", kOnFailureNames, &TopicBuilder::on_failure),
       {"on_exhausted", read_on_exhausted},
       count("max_parked", kMaxParked, &TopicBuilder::max_parked),
       {"dead_letter",
        [&](const YamlNode& value) { topic.dead_letter(read_dead_letter(value, places_of(topic))); }},
       {"end_of_partition", read_end_of_partition},
       time("tick_every", &TopicBuilder::tick_every),
       time("ticket_timeout", &TopicBuilder::ticket_timeout),
       named("on_ticket_timeout", kOnTicketTimeoutNames, &TopicBuilder::on_ticket_timeout),
       time("max_processing_time", &TopicBuilder::max_processing_time),
       {"stalled_after", read_stalled_after},
       {"kafka", [&](const YamlNode& value) { read_kafka(value, kafka_into(topic)); }}},
      [&](std::string_view key, const YamlNode& value) { topic.located(std::string(key), location(value)); });
}

void YamlReader::read_consumer(const YamlNode& node, TopicBuilder& topic) {
  const auto name = text(node, "consumer");
  if (!name) return;
  const ConsumerFactory* factory = registry_.find(*name);
  if (factory == nullptr) {
    const std::vector<std::string> names = registry_.names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    std::string message = "unknown consumer " + quoted(*name);
    const auto meant = nearest(*name, known);
    if (meant) message += "; did you mean " + quoted(*meant) + "?";
    message +=
        known.empty() ? "; none is registered" : (meant ? " Registered: " : "; registered: ") + joined(known);
    return refuse(node, std::move(message));
  }
  if (!*factory) return refuse(node, "consumer " + quoted(*name) + " is registered with an empty factory");
  topic.consumer(*name, *factory, registry_.asynchronous(*name)).takes(registry_.taken_value(*name));
}

// `node` is the topic's, which says whether there is a `by` beside the order.
void YamlReader::read_order(const YamlNode& value, const YamlNode& node, TopicBuilder& topic) {
  const auto order = value_of(value, "order", kOrderNames);
  if (!order) return;
  const YamlNode* partitions = node.find("virtual_partitions");
  if (partitions != nullptr && partitions->find("by") != nullptr) {
    return refuse(value,
                  "order and virtual_partitions.by both say how messages are told apart; leave one of them out");
  }
  topic.order(*order);
}

void YamlReader::read_virtual_partitions(const YamlNode& node, TopicBuilder& topic) {
  VirtualPartitions settings;
  read_mapping(
      node, "virtual_partitions",
      {{"by",
        [&](const YamlNode& value) {
          if (auto by = read_partition_by(value)) settings.by = std::move(*by);
        }},
       {"max_partitions",
        [&](const YamlNode& value) { settings.max_partitions = number(value, "max_partitions", kMaxPartitions); }},
       {"reducer",
        [&](const YamlNode& value) {
          if (const auto kind = value_of(value, "reducer", kReducerNames)) settings.reducer.kind = *kind;
        }},
       {"null_keys",
        [&](const YamlNode& value) {
          if (const auto where = value_of(value, "null_keys", kNullKeysNames)) settings.null_keys = *where;
        }}},
      [&](std::string_view key, const YamlNode& value) {
        topic.located("virtual_partitions." + std::string(key), location(value));
      });
  topic.virtual_partitions(std::move(settings));
}

std::optional<PartitionBy> YamlReader::read_partition_by(const YamlNode& node) {
  static constexpr std::array<std::string_view, 3> kWords{"key", "round_robin", "partition"};
  if (node.kind == YamlNode::Kind::scalar) {
    if (node.scalar == kWords[0]) return key();
    if (node.scalar == kWords[1]) return round_robin();
    if (node.scalar == kWords[2]) return partition();
  }
  if (node.kind != YamlNode::Kind::mapping) {
    std::string message =
        "by must be key, round_robin, partition, {header: NAME} or {json: FIELD}, is " + what_it_is(node);
    const auto meant = nearest(node.scalar, kWords);
    if (meant) message += "; did you mean " + quoted(*meant) + "?";
    refuse(node, std::move(message));
    return std::nullopt;
  }
  std::optional<PartitionBy> by;
  read_mapping(node, "by",
               {{"header",
                 [&](const YamlNode& value) {
                   if (auto name = text(value, "header")) by = header(std::move(*name));
                 }},
                {"json",
                 [&](const YamlNode& value) {
                   if (auto field = text(value, "json")) by = json_field(std::move(*field));
                 }}},
               [](std::string_view, const YamlNode&) {});
  const bool has_header = node.find("header") != nullptr;
  const bool has_json = node.find("json") != nullptr;
  if (has_header == has_json) {
    refuse(node, std::string("by must have either header or json, has ") + (has_header ? "both" : "neither"));
    return std::nullopt;
  }
  return by;
}

void YamlReader::read_commit(const YamlNode& node, TopicBuilder& topic) {
  Commit commit;
  const Read read_when = [&](const YamlNode& value) {
    if (const auto when = value_of(value, "commit", kCommitNames)) commit.when = *when;
  };
  const Mark mark = [&](std::string_view key, const YamlNode& value) {
    topic.located("commit." + std::string(key), location(value));
  };
  if (node.kind != YamlNode::Kind::mapping) {
    mark("when", node);
    read_when(node);
  } else {
    read_mapping(
        node, "commit",
        {{"when", read_when},
         {"sync", [&](const YamlNode& value) { commit.sync = truth(value, "commit: sync").value_or(false); }},
         {"interval", [&](const YamlNode& value) { commit.interval = duration(value, "commit: interval"); }}},
        mark);
  }
  topic.commit(commit);
}

}  // namespace braid::routing
