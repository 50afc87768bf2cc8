#include "engine/listener/turn_watch.hpp"

#include <algorithm>

namespace braid::engine {

void TurnWatch::Rounds::wait_until(Time until) {
  count_.fetch_add(1, std::memory_order_relaxed);
  waiter_.wait_until(until);
}

TurnWatch::Watching::Watching(TurnWatch& watch, Rounds& rounds) : watch_(watch), rounds_(rounds) {
  const std::lock_guard lock(watch_.mutex_);
  watch_.watched_.push_back(&rounds_);
}

TurnWatch::Watching::~Watching() {
  const std::lock_guard lock(watch_.mutex_);
  std::erase(watch_.watched_, &rounds_);
}

TurnWatch& TurnWatch::of_process() {
  // Never destroyed: a listener that its application has left behind may end after main().
  static auto* const watch = new TurnWatch;
  return *watch;
}

bool TurnWatch::all_turned() {
  const std::lock_guard lock(mutex_);
  for (Rounds* each : watched_) {
    const std::uint64_t rounds = each->count_.load(std::memory_order_relaxed);
    each->turned_ = each->turned_ || rounds != each->seen_;
    each->seen_ = rounds;
  }
  if (!std::all_of(watched_.begin(), watched_.end(), [](const Rounds* each) { return each->turned_; }))
    return false;
  for (Rounds* each : watched_) each->turned_ = false;
  return true;
}

}  // namespace braid::engine
