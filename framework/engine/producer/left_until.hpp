#pragma once

#include <algorithm>
#include <chrono>

namespace braid::engine {

// What is left of the time, rounded up; 0 where it is over.
[[nodiscard]] inline std::chrono::milliseconds left_until(std::chrono::steady_clock::time_point deadline) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()),
                  std::chrono::milliseconds(0));
}

}  // namespace braid::engine
