#pragma once

#include "core/time.hpp"

#include <cstdint>

namespace braid::core {

// Lets `messages` pass in each `per` on average, and up to `burst` at once: over any window of length w at most
// burst + w * messages / per. The token bucket as in RFC 2697, section 3 (CIR = messages / per, CBS = burst), which
// is the leaky bucket as a meter (J. Turner, "New Directions in Communications", 1986) turned over.
//
// A token is cut into `per` parts, in nanoseconds, of which `messages` come back in each: so all is exact, and in
// whole numbers. It starts full. Thread: none; pure.
class TokenBucket {
 public:
  struct Settings {
    std::uint32_t messages = 1;  // at least 1
    Duration per{};              // at least 1 ns
    std::uint32_t burst = 1;     // at least 1
  };

  TokenBucket(const Settings& settings, Time now);

  // When a token is there: not behind `now` if there is one already.
  [[nodiscard]] Time ready_at(Time now) const;
  [[nodiscard]] bool ready(Time now) const { return ready_at(now) <= now; }
  // Requires ready(now).
  void take(Time now);
  // As though nothing had ever been taken.
  [[nodiscard]] bool full(Time now) const { return parts_at(now) == most(); }

 private:
  // 128 bits: a burst of 2^32 of tokens of a day each has 79.
  __extension__ using Parts = unsigned __int128;

  [[nodiscard]] Parts parts_at(Time now) const;
  [[nodiscard]] Parts token() const { return static_cast<Parts>(settings_.per.count()); }
  [[nodiscard]] Parts most() const { return token() * settings_.burst; }

  Settings settings_;
  Parts parts_;
  Time filled_;  // until then
};

}  // namespace braid::core
