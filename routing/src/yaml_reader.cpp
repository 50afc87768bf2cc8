#include "yaml_reader.hpp"

#include "scalars.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <system_error>

namespace braid::routing {

namespace {

constexpr std::size_t kMostVisited = 200'000;

// The text of `key`, which other problems are addressed by; "" where there is none, which is reported elsewhere.
std::string peek(const YamlNode& node, std::string_view key) {
  const YamlNode* value = node.find(key);
  return value != nullptr && value->kind == YamlNode::Kind::scalar ? value->scalar : "";
}

std::string part(const std::string& name, std::string_view kind, std::size_t number) {
  if (!name.empty()) return printable(name);
  return "(" + std::string(kind) + " " + std::to_string(number) + ")";
}

}  // namespace

std::string YamlReader::what_it_is(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "empty";
    case YamlNode::Kind::scalar:
      return quoted(node.scalar);
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::mapping:
      return "a mapping";
  }
  return "?";
}

YamlReader::YamlReader(std::string_view file, const ConsumerRegistry& registry)
    : file_(file), registry_(registry) {}

void YamlReader::read(const YamlNode& root, RoutesBuilder& routes) {
  const Read groups = [&](const YamlNode& list) {
    read_list(list, "consumer_groups",
              [&](const YamlNode& item, std::size_t number) { read_consumer_group(item, number, routes); });
  };
  read_mapping(root, "a routing file", {{"consumer_groups", groups}}, [](std::string_view, const YamlNode&) {});
}

bool YamlReader::refused_at(const SourceLocation& location) const {
  return refused_.contains({location.line, location.column});
}

void YamlReader::read_consumer_group(const YamlNode& node, std::size_t number, RoutesBuilder& routes) {
  const std::string id = peek(node, "id");
  ConsumerGroupBuilder group = routes.consumer_group(id).located(location(node));
  const auto add_topic = [&](std::string name, bool pattern) {
    return pattern ? group.topics_matching(std::move(name)) : group.topic(std::move(name));
  };
  within(part(id, "consumer group", number), [&] {
    std::size_t children = 0;
    const Read groups = [&](const YamlNode& list) {
      read_list(list, "subscription_groups",
                [&](const YamlNode& item, std::size_t) { read_subscription_group(item, ++children, group); });
    };
    read_mapping(node, "a consumer group",
                 {{"id", [&](const YamlNode& value) { text(value, "id"); }},
                  {"retries", [&](const YamlNode& value) { group.retries(read_retries(value, places_of(group))); }},
                  {"kafka", [&](const YamlNode& value) { read_kafka(value, kafka_into(group)); }},
                  {"subscription_groups", groups},
                  {"topics",
                   [&](const YamlNode& value) {
                     ++children;
                     // The implicit subscription group goes by the consumer group's id.
                     within(part(id, "subscription group", children), [&] { read_topics(value, add_topic); });
                   }}},
                 [&](std::string_view key, const YamlNode& value) {
                   // Both lists are judged together, so the place of either serves.
                   group.located(key == "topics" ? "subscription_groups" : std::string(key), location(value));
                 });
  });
}

void YamlReader::read_subscription_group(const YamlNode& node, std::size_t number, ConsumerGroupBuilder& parent) {
  const std::string id = peek(node, "id");
  SubscriptionGroupBuilder group = parent.subscription_group(id).located(location(node));
  const auto add_topic = [&](std::string name, bool pattern) {
    return pattern ? group.topics_matching(std::move(name)) : group.topic(std::move(name));
  };
  within(part(id, "subscription group", number), [&] {
    read_mapping(
        node, "a subscription group",
        {{"id", [&](const YamlNode& value) { text(value, "id"); }},
         {"connections", [&](const YamlNode& value) { read_connections(value, group); }},
         {"max_concurrency",
          [&](const YamlNode& value) {
            if (const auto jobs = this->number(value, "max_concurrency", kMaxConcurrency))
              group.max_concurrency(*jobs);
          }},
         {"retries", [&](const YamlNode& value) { group.retries(read_retries(value, places_of(group))); }},
         {"kafka", [&](const YamlNode& value) { read_kafka(value, kafka_into(group)); }},
         {"topics", [&](const YamlNode& value) { read_topics(value, add_topic); }}},
        [&](std::string_view key, const YamlNode& value) { group.located(std::string(key), location(value)); });
  });
}

void YamlReader::read_topics(const YamlNode& node, const AddTopic& add) {
  read_list(node, "topics", [&](const YamlNode& item, std::size_t number) {
    const YamlNode* const pattern = item.find("matching");
    const bool matches = pattern != nullptr && item.find("name") == nullptr;
    const std::string name = peek(item, matches ? "matching" : "name");
    within(part(name, "topic", number), [&] {
      if (pattern != nullptr && !matches) report(*pattern, "a topic has a name or a matching, not both");
      read_topic(item, add(name, matches));
    });
  });
}

void YamlReader::read_connections(const YamlNode& node, SubscriptionGroupBuilder& group) {
  Connections connections;
  const auto into = [&](std::optional<std::uint32_t>& field, std::string key) -> Read {
    return
        [this, &field, key = std::move(key)](const YamlNode& value) { field = number(value, key, kConnections); };
  };
  if (node.kind == YamlNode::Kind::mapping) {
    read_mapping(node, "connections",
                 {{"count", into(connections.count, "connections")},
                  {"min", into(connections.min, "connections.min")},
                  {"max", into(connections.max, "connections.max")},
                  {"start", into(connections.start, "connections.start")},
                  {"scale_delay",
                   [&](const YamlNode& value) {
                     const auto delay = duration(value, "connections.scale_delay", "1h");
                     if (delay) connections.scale_delay = *delay;
                   }}},
                 [&](std::string_view key, const YamlNode& value) {
                   group.located(key == "count" ? "connections" : "connections." + std::string(key),
                                 location(value));
                 });
    if (node.entries.empty()) report(node, "connections must have a count, or a min and a max");
  } else {
    into(connections.count, "connections")(node);
  }
  group.connections(connections);
}

void YamlReader::read_kafka(const YamlNode& node, const SetKafka& set) {
  // Not quoted, as other texts are: `kafka: sasl.password=...` holds what nobody may read.
  if (node.kind == YamlNode::Kind::scalar) return refuse(node, "kafka must be a mapping, is text");
  each_key(node, "kafka", [&](const std::string& name, const YamlEntry& entry) {
    if (entry.value->kind != YamlNode::Kind::scalar) {
      return refuse(*entry.value, "kafka setting " + quoted(name) + " must be text, a number, true or false, is " +
                                      what_it_is(*entry.value));
    }
    set(name, entry.value->scalar, location(*entry.key));
  });
}

void YamlReader::each_key(const YamlNode& node, std::string_view what,
                          const std::function<void(const std::string& key, const YamlEntry& entry)>& read) {
  if (!expect(YamlNode::Kind::mapping, node, what)) return;
  std::map<std::string_view, int> lines;
  for (const YamlEntry& entry : node.entries) {
    if (!visit(*entry.key)) return;
    if (entry.key->kind != YamlNode::Kind::scalar) {
      report(*entry.key, "a key must be text, is " + what_it_is(*entry.key));
      continue;
    }
    const std::string& key = entry.key->scalar;
    const auto [first, is_first] = lines.try_emplace(key, entry.key->line);
    if (is_first) {
      read(key, entry);
    } else {
      report(*entry.key, "key " + quoted(key) + " is set twice, first on line " + std::to_string(first->second));
    }
  }
}

void YamlReader::read_mapping(const YamlNode& node, std::string_view what, Keys keys, const Mark& mark) {
  each_key(node, what, [&](const std::string& key, const YamlEntry& entry) {
    const auto known =
        std::find_if(keys.begin(), keys.end(), [&](const auto& candidate) { return candidate.first == key; });
    if (known != keys.end()) {
      mark(key, *entry.value);
      return known->second(*entry.value);
    }
    // A place for anchors, at the top alone; nothing else reads it.
    if (address_.empty() && key.starts_with("x-")) return;
    std::vector<std::string_view> names;
    for (const auto& [name, read] : keys) names.push_back(name);
    report(*entry.key, "unknown key " + quoted(key) + suggestion(key, names));
  });
}

void YamlReader::read_list(const YamlNode& node, std::string_view what,
                           const std::function<void(const YamlNode& item, std::size_t number)>& read) {
  if (!expect(YamlNode::Kind::sequence, node, what)) return;
  std::size_t number = 0;
  for (const auto& item : node.items) {
    if (!visit(*item)) return;
    read(*item, ++number);
  }
}

bool YamlReader::visit(const YamlNode& node) {
  if (++visited_ == kMostVisited + 1)
    report(node, "the file expands to more than " + std::to_string(kMostVisited) + " keys and items");
  return visited_ <= kMostVisited;
}

bool YamlReader::expect(YamlNode::Kind kind, const YamlNode& node, std::string_view what) {
  if (node.kind == kind) return true;
  refuse(node, std::string(what) + " must be " + (kind == YamlNode::Kind::mapping ? "a mapping" : "a list") +
                   ", is " + what_it_is(node));
  return false;
}

std::optional<std::string> YamlReader::text(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::scalar) return node.scalar;
  refuse(node, std::string(what) + " must be text, is " + what_it_is(node));
  return std::nullopt;
}

std::optional<std::uint32_t> YamlReader::number(const YamlNode& node, std::string_view what,
                                                Range<std::uint32_t> range) {
  if (node.kind != YamlNode::Kind::scalar || node.quoted || !is_whole_number(node.scalar)) {
    refuse(node, std::string(what) + " must be a whole number, is " + (node.quoted ? "the text " : "") +
                     what_it_is(node));
    return std::nullopt;
  }
  const std::string& digits = node.scalar;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool beyond = error == std::errc::result_out_of_range;
  if (beyond ? digits.front() == '-' : value < 0) {
    refuse(node, too_small(what, std::to_string(range.least), printable(digits)));
    return std::nullopt;
  }
  if (beyond || value > std::numeric_limits<std::uint32_t>::max()) {
    refuse(node, too_large(what, std::to_string(range.most), printable(digits)));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(value);
}

std::optional<std::size_t> YamlReader::size(const YamlNode& node, std::string_view what, Range<std::size_t> range) {
  const bool scalar = node.kind == YamlNode::Kind::scalar;
  if (const auto bytes = scalar ? parse_size(node.scalar) : std::nullopt) return bytes;
  if (scalar && is_whole_number(node.scalar)) {
    const bool small = node.scalar.front() == '-';
    refuse(node, small ? too_small(what, size_text(range.least), printable(node.scalar))
                       : too_large(what, size_text(range.most), printable(node.scalar)));
    return std::nullopt;
  }
  refuse(node, std::string(what) + " must be a size such as 64 MiB, 64MB or 67108864, is " + what_it_is(node));
  return std::nullopt;
}

std::optional<bool> YamlReader::truth(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::scalar && !node.quoted) {
    if (const auto value = parse_bool(node.scalar)) return value;
  }
  refuse(node, std::string(what) + " must be true or false, is " + what_it_is(node));
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> YamlReader::duration(const YamlNode& node, std::string_view what,
                                                              std::string_view or_else) {
  if (node.kind == YamlNode::Kind::scalar) {
    if (const auto time = parse_duration(node.scalar)) return time;
  }
  refuse(node, std::string(what) + " must be a duration such as 100ms, 5s, 2m or " + std::string(or_else) +
                   ", is " + what_it_is(node));
  return std::nullopt;
}

std::optional<std::size_t> YamlReader::choice(const YamlNode& node, std::string_view what,
                                              std::span<const std::string_view> known) {
  const auto name = text(node, what);
  if (!name) return std::nullopt;
  const auto place = std::find(known.begin(), known.end(), *name);
  if (place != known.end()) return static_cast<std::size_t>(place - known.begin());
  refuse(node, "unknown " + std::string(what) + " " + quoted(*name) + suggestion(*name, known));
  return std::nullopt;
}

void YamlReader::within(const std::string& part, const std::function<void()>& read) {
  const std::size_t length = address_.size();
  if (length > 0) address_ += " / ";
  address_ += part;
  read();
  address_.resize(length);
}

void YamlReader::report(const YamlNode& node, std::string message) {
  problems_.push_back({.address = address_, .location = location(node), .message = std::move(message)});
}

void YamlReader::refuse(const YamlNode& node, std::string message) {
  refused_.insert({node.line, node.column});
  report(node, std::move(message));
}

SourceLocation YamlReader::location(const YamlNode& node) const {
  return {.file = file_, .line = node.line, .column = node.column};
}

}  // namespace braid::routing
