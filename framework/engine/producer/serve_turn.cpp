#include "engine/producer/serve_turn.hpp"

#include <utility>

namespace braid::engine {

namespace {

thread_local const ServeTurn* serving = nullptr;

}  // namespace

bool ServeTurn::take(const std::function<void()>& wake, std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (caller_serves_) return false;
  if (!thread_serves_) return caller_serves_ = true;
  caller_serves_ = true;
  wake();
  caller_serves_ = changed_.wait_until(lock, deadline, [&] { return !thread_serves_; });
  return caller_serves_;
}

void ServeTurn::give_back() {
  const std::lock_guard lock(mutex_);
  caller_serves_ = false;
  rests_until_ = std::chrono::steady_clock::now() + (waiting_ > 0 ? std::chrono::milliseconds(0) : kRest);
  // Otherwise the thread looks by itself: waking it each time would cost callers what the turn saves them.
  if (waiting_ > 0) changed_.notify_all();
}

void ServeTurn::add_waiting(std::int32_t count) {
  const std::lock_guard lock(mutex_);
  waiting_ += count;
}

void ServeTurn::begin() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (!caller_serves_ && now >= rests_until_) break;
    changed_.wait_until(lock, caller_serves_ ? now + 2 * kRest : rests_until_);
  }
  thread_serves_ = true;
}

void ServeTurn::end() {
  const std::lock_guard lock(mutex_);
  thread_serves_ = false;
  if (caller_serves_) changed_.notify_all();
}

bool ServeTurn::serves_here() {
  return serving != nullptr;
}

std::optional<Error> ServeTurn::refuses_waiting() {
  if (!serves_here()) return std::nullopt;
  return Error(Error::Kind::other, "a delivery callback would wait for itself; it must not wait for deliveries");
}

bool ServeTurn::is_served_here() const {
  return serving == this;
}

ServeTurn::Here::Here(const ServeTurn& turn) : outer_(std::exchange(serving, &turn)) {}
ServeTurn::Here::~Here() {
  serving = outer_;
}

}  // namespace braid::engine
