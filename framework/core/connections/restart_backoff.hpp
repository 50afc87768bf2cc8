#pragma once

#include "core/time.hpp"

#include <algorithm>
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
  static constexpr Duration kFirst = std::chrono::seconds(1);
  static constexpr Duration kMost = std::chrono::minutes(1);
  static constexpr Duration kSound = std::chrono::minutes(5);

  // It is a member that works.
  void runs(Time now) { since_ = now; }
  // It has failed, or could not be made. Returns how long to wait. `random`: from 0 to 1.
  [[nodiscard]] Duration fails(Time now, double random) {
    if (since_ && now - *since_ >= kSound) times_ = 0;
    since_.reset();
    const Duration whole = std::min(kFirst * (std::int64_t{1} << std::min(times_, 6U)), kMost);
    ++times_;
    return whole / 2 + std::chrono::duration_cast<Duration>((whole / 2) * std::clamp(random, 0.0, 1.0));
  }

 private:
  std::uint32_t times_ = 0;  // in a row
  std::optional<Time> since_;
};

}  // namespace braid::core
