#include "text.hpp"
#include "yaml_reader.hpp"

// What YamlReader reads of a topic's filters.

namespace braid::routing {

// Each filter's place is `filters.N`, from 1.
void YamlReader::read_filters(const YamlNode& node, TopicBuilder& topic) {
  read_list(node, "filters", [&](const YamlNode& item, std::size_t number) {
    topic.located("filters." + std::to_string(number), location(item));
    // One that can't be read keeps its number, and is refused here: what it lacks is not to be reported again.
    topic.filter(read_filter(item).value_or(FilterSettings{}));
  });
}

std::optional<FilterSettings> YamlReader::read_filter(const YamlNode& node) {
  std::optional<FilterSettings> filter;
  const auto by_age = [&](std::string_view name, FilterSettings (*make)(std::chrono::milliseconds)) {
    return std::pair<std::string_view, Read>{name, [this, &filter, name, make](const YamlNode& value) {
                                               if (const auto age = duration(value, name)) filter = make(*age);
                                             }};
  };
  const std::size_t problems = problems_.size();
  read_mapping(node, "a filter",
               {{"throttle", [&](const YamlNode& value) { filter = read_throttle(value); }},
                by_age("delay", &delay),
                by_age("expire", &expire),
                {"filter", [&](const YamlNode& value) { filter = read_named_filter(value); }}},
               [](std::string_view, const YamlNode&) {});
  if (problems_.size() == problems && node.entries.size() != 1) {
    report(node, "a filter must be one of throttle, delay, expire and filter, is " +
                     std::to_string(node.entries.size()) + " of them; each is an item of its own");
  }
  // What was reported inside of it is enough said of all of it.
  if (problems_.size() != problems) {
    refused_.insert({node.line, node.column});
    return std::nullopt;
  }
  return filter;
}

std::optional<FilterSettings> YamlReader::read_throttle(const YamlNode& node) {
  FilterSettings settings{.kind = FilterSettings::Kind::throttle};
  read_mapping(
      node, "throttle",
      {{"messages",
        [&](const YamlNode& value) {
          settings.messages = number(value, "throttle: messages", kThrottleMessages).value_or(settings.messages);
        }},
       {"per",
        [&](const YamlNode& value) { settings.time = duration(value, "throttle: per").value_or(settings.time); }},
       {"by",
        [&](const YamlNode& value) {
          settings.by = value_of(value, "throttle: by", kThrottleByNames).value_or(settings.by);
        }},
       {"burst",
        [&](const YamlNode& value) { settings.burst = number(value, "throttle: burst", kThrottleMessages); }}},
      [](std::string_view, const YamlNode&) {});
  if (node.kind != YamlNode::Kind::mapping) return std::nullopt;
  for (const std::string_view needed : {"messages", "per"}) {
    if (node.find(needed) == nullptr) refuse(node, "throttle must have " + std::string(needed));
  }
  return settings;
}

std::optional<FilterSettings> YamlReader::read_named_filter(const YamlNode& node) {
  const auto name = text(node, "filter");
  if (!name) return std::nullopt;
  const FilterFactory* factory = registry_.filters().find(*name);
  if (factory == nullptr) {
    const std::vector<std::string> names = registry_.filters().names();
    const std::vector<std::string_view> known(names.begin(), names.end());
    refuse(node,
           "unknown filter " + quoted(*name) + (known.empty() ? "; none is registered" : suggestion(*name, known)));
    return std::nullopt;
  }
  if (!*factory) {
    refuse(node, "filter " + quoted(*name) + " is registered with an empty factory");
    return std::nullopt;
  }
  return FilterSettings{.name = *name, .factory = *factory};
}

}  // namespace braid::routing
