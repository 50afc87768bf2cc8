#include "core/recovery/make_filters.hpp"

#include "core/recovery/age_filters.hpp"
#include "core/recovery/throttle.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace braid::core {

namespace {

std::unique_ptr<Filter> make(const routing::FilterSettings& settings) {
  using Kind = routing::FilterSettings::Kind;
  switch (settings.kind) {
    case Kind::throttle: {
      const TokenBucket::Settings bucket{
          .messages = settings.messages, .per = settings.time, .burst = settings.burst.value_or(settings.messages)};
      if (settings.by == routing::FilterSettings::By::key) return std::make_unique<KeyThrottle>(bucket);
      return std::make_unique<Throttle>(bucket);
    }
    case Kind::delay:
      return std::make_unique<Delay>(settings.time);
    case Kind::expire:
      return std::make_unique<Expire>(settings.time);
    case Kind::custom:
      return settings.factory();
  }
  return nullptr;
}

}  // namespace

MadeFilters make_filters(const std::vector<routing::FilterSettings>& settings, bool together) {
  MadeFilters made;
  for (const routing::FilterSettings& each : settings) {
    try {
      std::unique_ptr<Filter> filter = make(each);
      if (!filter) {
        made.problems.push_back(each.name + ": its factory made nothing");
        continue;
      }
      const bool later = !together && filter->stage() == FilterStage::virtual_partition;
      auto& links = later ? made.of_virtual_partitions : made.of_partition;
      links.push_back({routing::name_of(each), std::move(filter)});
    } catch (const std::exception& error) {
      made.problems.push_back(each.name + ": its factory threw " + error.what());
    } catch (...) {
      made.problems.push_back(each.name + ": its factory threw something that is no std::exception");
    }
  }
  return made;
}

}  // namespace braid::core
