#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <chrono>

// How late messages are. Thread: none; pure.

namespace braid::core {

using WallTime = std::chrono::system_clock::time_point;

// From a message's creation to its pick-up. `created`: by the clock of whoever has set it; the epoch: nobody has.
// 0 for one of the future, and where nobody has.
[[nodiscard]] inline std::chrono::milliseconds consumption_lag(WallTime created, WallTime picked_up) {
  if (created == WallTime{}) return {};
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(picked_up - created),
                  std::chrono::milliseconds(0));
}

// From being ready to the pick-up; 0 where it was never said to be ready.
[[nodiscard]] inline std::chrono::microseconds processing_lag(Time ready, Time picked_up) {
  if (ready == Time{}) return {};
  return std::max(std::chrono::duration_cast<std::chrono::microseconds>(picked_up - ready),
                  std::chrono::microseconds(0));
}

}  // namespace braid::core
