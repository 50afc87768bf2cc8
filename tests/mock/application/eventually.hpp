#pragma once

#include <chrono>
#include <thread>

namespace braid::application_test {

using namespace std::chrono_literals;

inline constexpr auto kDeadline = 90s;  // what is quick takes that long under a sanitizer, beside other programs

// Looks at a condition until it holds; false when it does not by the deadline.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& holds, std::chrono::milliseconds deadline = kDeadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) return holds();
    std::this_thread::sleep_for(2ms);  // between two looks; nothing relies on its length
  }
  return true;
}

}  // namespace braid::application_test
