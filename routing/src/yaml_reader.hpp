#pragma once

#include "limits.hpp"
#include "names.hpp"
#include "yaml_tree.hpp"

#include <braid/routing/builders.hpp>
#include <braid/routing/consumer_registry.hpp>
#include <braid/routing/problem.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::routing {

// Reads a tree into a RoutesBuilder, and gathers what can't be read. It judges form alone (keys, types, names that
// must be known); whether the values make sense is validate()'s.
// Thread: the caller's; lives for one file.
class YamlReader {
 public:
  YamlReader(std::string_view file, const ConsumerRegistry& registry);

  void read(const YamlNode& root, RoutesBuilder& routes);

  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  // Whether the value at this place was refused here: what validate() makes of the default in its stead is noise.
  [[nodiscard]] bool refused_at(const SourceLocation& location) const;

 private:
  using Read = std::function<void(const YamlNode& value)>;
  using Keys = std::initializer_list<std::pair<std::string_view, Read>>;
  // Told of each key that is known, and its value: so places are recorded in one line an element.
  using Mark = std::function<void(std::string_view key, const YamlNode& value)>;

  void read_consumer_group(const YamlNode& node, std::size_t number, RoutesBuilder& routes);
  void read_subscription_group(const YamlNode& node, std::size_t number, ConsumerGroupBuilder& parent);
  using AddTopic = std::function<TopicBuilder(std::string name, bool is_pattern)>;
  void read_topics(const YamlNode& node, const AddTopic& add);
  void read_topic(const YamlNode& node, TopicBuilder topic);
  void read_consumer(const YamlNode& node, TopicBuilder& topic);
  void read_deserializer(const YamlNode& node, TopicBuilder& topic);
  void read_connections(const YamlNode& node, SubscriptionGroupBuilder& group);
  void read_order(const YamlNode& value, const YamlNode& node, TopicBuilder& topic);
  void read_virtual_partitions(const YamlNode& node, TopicBuilder& topic);
  std::optional<PartitionBy> read_partition_by(const YamlNode& node);
  void read_commit(const YamlNode& node, TopicBuilder& topic);
  // Of each of these, `mark` is told the options and their places, by their whole keys.
  Retries read_retries(const YamlNode& node, const Mark& mark);
  std::uint32_t read_max_retries(const YamlNode& value);
  Backoff read_backoff(const YamlNode& node, const Mark& mark);
  Backoff read_exponential(const YamlNode& node, const Mark& mark);
  DeadLetters read_dead_letter(const YamlNode& node, const Mark& mark);
  void read_filters(const YamlNode& node, TopicBuilder& topic);
  std::optional<FilterSettings> read_filter(const YamlNode& node);
  std::optional<FilterSettings> read_throttle(const YamlNode& node);
  std::optional<FilterSettings> read_named_filter(const YamlNode& node);

  using SetKafka = std::function<void(const std::string& name, const std::string& value, SourceLocation place)>;
  void read_kafka(const YamlNode& node, const SetKafka& set);
  template <class Builder>
  static SetKafka kafka_into(Builder& builder) {
    return [&builder](const std::string& name, const std::string& value, SourceLocation place) {
      builder.kafka(name, value);
      builder.located("kafka." + name, std::move(place));
    };
  }

  // A Mark that records places in a builder.
  template <class Builder>
  Mark places_of(Builder& builder) {
    return [this, &builder](std::string_view key, const YamlNode& value) {
      builder.located(std::string(key), location(value));
    };
  }

  // Calls `read` with each key that is text and comes first; reports the others.
  void each_key(const YamlNode& node, std::string_view what,
                const std::function<void(const std::string& key, const YamlEntry& entry)>& read);
  // Calls the reader of each known key, after `mark`; reports the unknown ones.
  void read_mapping(const YamlNode& node, std::string_view what, Keys keys, const Mark& mark);
  // Calls `read` with each item and its number, from 1. An empty list is for validate() to judge.
  void read_list(const YamlNode& node, std::string_view what,
                 const std::function<void(const YamlNode& item, std::size_t number)>& read);
  // Whether this key or item may still be read: aliases could multiply them without bound. Reports the first not
  // to.
  bool visit(const YamlNode& node);
  // Whether it is; reports if not.
  bool expect(YamlNode::Kind kind, const YamlNode& node, std::string_view what);

  // One scalar each; nothing where it was refused, which has been reported.
  std::optional<std::string> text(const YamlNode& node, std::string_view what);
  std::optional<std::uint32_t> number(const YamlNode& node, std::string_view what, Range<std::uint32_t> range);
  std::optional<std::chrono::milliseconds> duration(const YamlNode& node, std::string_view what,
                                                    std::string_view or_else = "0");
  std::optional<std::size_t> size(const YamlNode& node, std::string_view what, Range<std::size_t> range);
  std::optional<double> real(const YamlNode& node, std::string_view what);
  std::optional<bool> truth(const YamlNode& node, std::string_view what);
  std::optional<std::size_t> choice(const YamlNode& node, std::string_view what,
                                    std::span<const std::string_view> known);
  template <class Value, std::size_t N>
  std::optional<Value> value_of(const YamlNode& node, std::string_view what,
                                const std::array<Named<Value>, N>& names) {
    std::array<std::string_view, N> known;
    std::transform(names.begin(), names.end(), known.begin(), [](const Named<Value>& each) { return each.name; });
    const auto index = choice(node, what, known);
    return index ? std::optional(names.at(*index).value) : std::nullopt;
  }

  // Makes problems speak of an element below the present one while `read` runs.
  void within(const std::string& part, const std::function<void()>& read);

  // A problem at this node.
  void report(const YamlNode& node, std::string message);
  // The same, and nothing of it is used: see refused_at().
  void refuse(const YamlNode& node, std::string message);
  [[nodiscard]] SourceLocation location(const YamlNode& node) const;
  // For messages: `'text'`, `a list` and the like.
  static std::string what_it_is(const YamlNode& node);

  std::string file_;
  const ConsumerRegistry& registry_;
  std::string address_;
  std::vector<Problem> problems_;
  std::set<std::pair<int, int>> refused_;
  std::size_t visited_ = 0;  // keys and items so far
};

}  // namespace braid::routing
