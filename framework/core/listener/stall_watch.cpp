#include "core/listener/stall_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::core {

namespace {

constexpr Duration kAgainLeast = std::chrono::minutes(10);

}  // namespace

bool StallWatch::suspicious(Duration after, Time now) const {
  if (after <= Duration::zero() || !last_ || now - since_ < after) return false;
  return !said_at_ || now - *said_at_ >= std::max(kAgainLeast, after * 10);
}

StallWatch::Verdict StallWatch::look(bool waits, const Progress& progress, Duration after, Time now) {
  const bool over = !waits || after <= Duration::zero();
  if (over || last_ != progress) {
    last_ = over ? std::nullopt : std::optional(progress);
    stood_ = now - since_;
    since_ = now;
    return std::exchange(said_at_, std::nullopt) ? Verdict::goes_on : Verdict::fine;
  }
  stood_ = now - since_;
  if (!suspicious(after, now)) return Verdict::fine;
  said_at_ = now;
  return Verdict::stalled;
}

}  // namespace braid::core
