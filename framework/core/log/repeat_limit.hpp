#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid::core {

// Which of a log's lines are written where the same is said again and again. Lines are the same if they differ in
// their digits alone.
//
//   most = 3    a a a a a a a a │ within is over │ a
//   written     a a a           │                │ a, and before it: 5 lines like it were left out
//
// Bounded: of more kinds than kMostKinds the one that began first is forgotten.
// Thread: none; pure.
class RepeatLimit {
 public:
  static constexpr std::size_t kMostKinds = 256;
  struct Settings {
    std::uint32_t most = 20;                     // so many lines of a kind are written within the time; 0: all
    Duration within = std::chrono::seconds(10);  // since the first of them
  };
  struct LeftOut {
    std::uint64_t lines = 0;
    std::string last;  // of these
    std::string area;
  };

  explicit RepeatLimit(Settings settings) : settings_(settings) {}

  // False: it is counted in place of being written.
  [[nodiscard]] bool admit(std::string_view area, std::string_view text, Time now);
  // What was left out of kinds whose time is over: to be said. Asked before each line; looks at them only when one
  // may be due.
  [[nodiscard]] std::vector<LeftOut> take_left_out(Time now);

 private:
  struct Kind {
    Time since{};
    std::uint32_t written = 0;
    LeftOut left_out;
  };

  void forget_the_oldest();

  const Settings settings_;
  std::map<std::string, Kind, std::less<>> kinds_;
  std::optional<Time> due_;         // when the first of those that left something out is over
  std::vector<LeftOut> forgotten_;  // of kinds that had to go, or began anew, untold; at most one a line
};

}  // namespace braid::core
