#include "core/recovery/token_bucket.hpp"

#include "core/assert.hpp"

#include <algorithm>

namespace braid::core {

TokenBucket::TokenBucket(const Settings& settings, Time now) : settings_(settings), filled_(now) {
  BRAID_ASSERT(settings_.messages > 0 && settings_.per > Duration::zero() && settings_.burst > 0,
               "a bucket has room, and is filled");
  parts_ = most();
}

TokenBucket::Parts TokenBucket::parts_at(Time now) const {
  // Time does not go back, but one who asks may look at a turn's time a little late.
  if (now <= filled_) return parts_;
  const auto passed = static_cast<Parts>((now - filled_).count());
  return std::min(most(), parts_ + passed * settings_.messages);
}

Time TokenBucket::ready_at(Time now) const {
  const Parts parts = parts_at(now);
  if (parts >= token()) return now;
  const Parts wait = (token() - parts + settings_.messages - 1) / settings_.messages;
  return std::max(now, filled_) + Duration(static_cast<Duration::rep>(wait));
}

void TokenBucket::take(Time now) {
  parts_ = parts_at(now);
  filled_ = std::max(now, filled_);
  BRAID_ASSERT(parts_ >= token(), "a token is taken only where there is one");
  parts_ -= token();
}

}  // namespace braid::core
