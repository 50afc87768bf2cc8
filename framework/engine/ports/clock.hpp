#pragma once

#include <chrono>

namespace braid::engine {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// The time as the engine sees it: real, or advanced by a test. Thread: const from any.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  // What message timestamps are compared with; may be set back and forth.
  [[nodiscard]] virtual std::chrono::system_clock::time_point wall() const = 0;
};

}  // namespace braid::engine
