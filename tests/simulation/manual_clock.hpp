#pragma once

#include "engine/ports/clock.hpp"

#include <chrono>

namespace braid::simulation {

// Time that passes only when told to. Thread: one.
class ManualClock final : public engine::Clock {
 public:
  [[nodiscard]] engine::Time now() const override { return now_; }
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override {
    return kWallBeginning + std::chrono::duration_cast<std::chrono::system_clock::duration>(now_ - kBeginning);
  }
  void advance(engine::Duration by) { now_ += by; }
  void advance_to(engine::Time to) {
    if (to > now_) now_ = to;
  }
  // Since the beginning, for people.
  [[nodiscard]] std::chrono::microseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(now_ - kBeginning);
  }

 private:
  // Not 0: a time that was never set must not look like the present.
  static constexpr engine::Time kBeginning{std::chrono::hours(1)};
  // Some time in 2024: timestamps of 0 are none.
  static constexpr std::chrono::system_clock::time_point kWallBeginning{std::chrono::seconds(1'720'000'000)};
  engine::Time now_ = kBeginning;
};

}  // namespace braid::simulation
