#include <braid/routing/builders.hpp>
#include <braid/routing/filters.hpp>

#include <utility>

namespace braid::routing {

bool operator==(const FilterSettings& left, const FilterSettings& right) {
  return left.kind == right.kind && left.name == right.name && left.time == right.time &&
         left.messages == right.messages && left.by == right.by && left.burst == right.burst &&
         static_cast<bool>(left.factory) == static_cast<bool>(right.factory);
}

std::string name_of(const FilterSettings& filter) {
  switch (filter.kind) {
    case FilterSettings::Kind::throttle:
      return "throttle";
    case FilterSettings::Kind::delay:
      return "delay";
    case FilterSettings::Kind::expire:
      return "expire";
    case FilterSettings::Kind::custom:
      return filter.name;
  }
  return "?";
}

TopicBuilder& TopicBuilder::filter(FilterSettings settings) {
  topic_->filters.push_back(std::move(settings));
  return *this;
}
TopicBuilder& TopicBuilder::filter(std::string name, FilterFactory factory) {
  return filter(FilterSettings{.name = std::move(name), .factory = std::move(factory)});
}

}  // namespace braid::routing

namespace braid {

using routing::FilterSettings;

FilterSettings throttle(std::uint32_t messages, std::chrono::milliseconds per, std::optional<std::uint32_t> burst) {
  return {.kind = FilterSettings::Kind::throttle, .time = per, .messages = messages, .burst = burst};
}

FilterSettings throttle_by_key(std::uint32_t messages, std::chrono::milliseconds per,
                               std::optional<std::uint32_t> burst) {
  FilterSettings settings = throttle(messages, per, burst);
  settings.by = FilterSettings::By::key;
  return settings;
}

FilterSettings delay(std::chrono::milliseconds age) {
  return {.kind = FilterSettings::Kind::delay, .time = age};
}

FilterSettings expire(std::chrono::milliseconds age) {
  return {.kind = FilterSettings::Kind::expire, .time = age};
}

}  // namespace braid
