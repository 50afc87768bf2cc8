#pragma once

#include "engine/ports/clock.hpp"

#include <chrono>

namespace braid::runtime {

// The machine's monotonic clock. Thread: any.
class SteadyClock final : public engine::Clock {
 public:
  [[nodiscard]] engine::Time now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace braid::runtime
