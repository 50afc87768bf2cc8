#pragma once

#include "core/time.hpp"

#include <braid/routing/pause.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid::core {

// Something that fails in the same way again and again, as what one is not allowed to do: it is said once, again
// each ten minutes while it lasts, and when it works again; and tried ever less often. Pure. Thread: the owner's.
class RepeatedTrouble {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{1'000};
  static constexpr std::chrono::milliseconds kLongestPause{30'000};
  static constexpr Duration kSayAgain = std::chrono::minutes(10);

  // It has failed so. Returns whether to say it. What fails before the next try was due, as another part of the
  // same try, is no other time.
  [[nodiscard]] bool fails(std::string_view how, Time now) {
    if (now >= next_) {
      ++times_;
      next_ = now + pause();
    }
    if (said_ && how == how_ && now - *said_ < kSayAgain) return false;
    how_ = how;
    said_ = now;
    return true;
  }
  // It works. Returns whether to say that, since it had been said that it doesn't.
  [[nodiscard]] bool works() {
    times_ = 0;
    next_ = Time::min();
    how_.clear();
    const bool was_said = said_.has_value();
    said_.reset();
    return was_said;
  }
  // Behind fails(): how long to wait before the next try, where nothing says that one would be of use.
  [[nodiscard]] Duration pause() const {
    return routing::pause_behind({.initial = kFirstPause, .max = kLongestPause, .multiplier = 2.0, .jitter = 0.0},
                                 times_);
  }

 private:
  std::uint32_t times_ = 0;  // in a row
  Time next_ = Time::min();
  std::string how_;
  std::optional<Time> said_;
};

}  // namespace braid::core
