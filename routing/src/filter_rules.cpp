#include "filter_rules.hpp"

#include "limits.hpp"
#include "text.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace braid::routing {

namespace {

using Kind = FilterSettings::Kind;

// Collects. Thread: the caller's.
class FilterRules {
 public:
  explicit FilterRules(const Topic& topic) : topic_(topic) {}

  std::vector<Breach> run() {
    for (const FilterSettings& filter : topic_.filters) {
      ++number_;
      check(filter);
    }
    return std::move(breaches_);
  }

 private:
  void add(std::string message) {
    const std::string number = std::to_string(number_);
    breaches_.push_back({.option = "filters." + number, .message = "filter " + number + ": " + std::move(message)});
  }
  void time(std::string_view name, std::chrono::milliseconds value, Range<std::chrono::milliseconds> range) {
    if (value < range.least) add(too_small(name, to_text(range.least), to_text(value)));
    if (value > range.most) add(too_large(name, to_text(range.most), to_text(value)));
  }
  void count(std::string_view name, std::uint32_t value) {
    if (value < kThrottleMessages.least) {
      add(too_small(name, std::to_string(kThrottleMessages.least), std::to_string(value)));
    }
    if (value > kThrottleMessages.most) {
      add(too_large(name, std::to_string(kThrottleMessages.most), std::to_string(value)));
    }
  }

  void check(const FilterSettings& filter) {
    switch (filter.kind) {
      case Kind::throttle:
        count("throttle: messages", filter.messages);
        time("throttle: per", filter.time, kThrottlePer);
        if (filter.burst) count("throttle: burst", *filter.burst);
        return;
      case Kind::delay:
        time("delay", filter.time, kFilterAge);
        longest_delay_ = std::max(longest_delay_.value_or(filter.time), filter.time);
        return together();
      case Kind::expire:
        time("expire", filter.time, kFilterAge);
        shortest_expire_ = std::min(shortest_expire_.value_or(filter.time), filter.time);
        return together();
      case Kind::custom:
        if (filter.name.empty()) add("the filter must have a name");
        if (!filter.factory) add("the filter's factory is missing");
        return;
    }
  }

  // Said at the later one of the two, once.
  void together() {
    if (!longest_delay_ || !shortest_expire_ || *shortest_expire_ > *longest_delay_ || said_) return;
    said_ = true;
    add("expire (" + to_text(*shortest_expire_) + ") must be more than delay (" + to_text(*longest_delay_) +
        "), or every message would be skipped");
  }

  const Topic& topic_;
  std::vector<Breach> breaches_;
  std::size_t number_ = 0;
  std::optional<std::chrono::milliseconds> longest_delay_;
  std::optional<std::chrono::milliseconds> shortest_expire_;
  bool said_ = false;
};

}  // namespace

std::vector<Breach> filter_breaches(const Topic& topic) {
  return FilterRules(topic).run();
}

}  // namespace braid::routing
