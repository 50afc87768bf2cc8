#pragma once

#include "core/time.hpp"

#include <braid/routing/pause.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace braid::core {

// How long a connection that has failed waits for its next client: 1 s, and twice as long each time in a row, up to
// a minute; anew from the first once one has run for five minutes. Half of each wait is drawn, so that the
// connections of many processes do not come back at one moment. Pure.
// Thread: the owner's.
class RestartBackoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{1'000};
  static constexpr std::chrono::milliseconds kMost{60'000};
  static constexpr Duration kSound = std::chrono::minutes(5);

  // It is a member that works.
  void runs(Time now) { since_ = now; }
  // It has failed, or could not be made. Returns how long to wait. `random`: from 0 to 1.
  [[nodiscard]] Duration fails(Time now, double random) {
    if (since_ && now - *since_ >= kSound) times_ = 0;
    since_.reset();
    return routing::pause_behind({.initial = kFirst, .max = kMost, .multiplier = 2.0, .jitter = 0.5}, ++times_,
                                 1.0 - random);
  }

 private:
  std::uint32_t times_ = 0;  // in a row
  std::optional<Time> since_;
};

}  // namespace braid::core
