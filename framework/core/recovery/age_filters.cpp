#include "core/recovery/age_filters.hpp"

#include <algorithm>

namespace braid::core {

namespace {

// The record's age in what clocks count, since a wait that is rounded could end a little too early.
Duration exact_age(const Message& message, const FilterTime& time) {
  return std::chrono::duration_cast<Duration>(time.wall - message.timestamp());
}

}  // namespace

Time Delay::new_at(const Message& message, Time now) const {
  if (!ahead_ || message.timestamp() < ahead_->timestamp) return now;
  const auto later = std::chrono::duration_cast<Duration>(message.timestamp() - ahead_->timestamp);
  return later < now - ahead_->since ? ahead_->since + later : now;
}

Verdict Delay::ask(const Message& message, const FilterTime& time) {
  if (!time.age(message)) return Verdict::pass();
  Duration age = exact_age(message, time);
  const bool known = ahead_ && ahead_->offset == message.offset();
  if (!known && age < Duration::zero()) {
    ahead_ = Ahead{message.offset(), message.timestamp(), new_at(message, time.now)};
  }
  if (ahead_ && ahead_->offset == message.offset()) age = std::max(age, time.now - ahead_->since);
  if (age >= age_) return Verdict::pass();
  return Verdict::wait(time.now + std::min<Duration>(age_ - age, kLookAgain));
}

Verdict Expire::ask(const Message& message, const FilterTime& time) {
  if (!time.age(message)) return Verdict::pass();
  return exact_age(message, time) > age_ ? Verdict::skip() : Verdict::pass();
}

}  // namespace braid::core
