#pragma once

#include "engine/ports/clock.hpp"

#include <chrono>

namespace braid::runtime {

// The machine's monotonic clock, and its wall clock. Thread: any.
class SteadyClock final : public engine::Clock {
 public:
  [[nodiscard]] engine::Time now() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::now();
  }
};

}  // namespace braid::runtime
