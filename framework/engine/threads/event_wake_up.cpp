#include "engine/threads/event_wake_up.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace braid::engine {

EventWakeUp::EventWakeUp() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

EventWakeUp::~EventWakeUp() {
  ::close(descriptor_);
}

void EventWakeUp::notify() noexcept {
  if (notified_.exchange(true, std::memory_order_seq_cst)) return;
  const std::uint64_t one = 1;
  // Can't fail but for a full counter, which would wake the owner just the same.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

void EventWakeUp::wait_until(Time until) {
  const auto now = std::chrono::steady_clock::now();
  bool readable = false;
  if (!notified_.load(std::memory_order_seq_cst) && until > now) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - now);
    timespec timeout{};
    timeout.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
    pollfd wanted{descriptor_, POLLIN, 0};
    readable =
        ::ppoll(&wanted, 1, &timeout, nullptr) > 0;  // an interruption ends the wait early, which does no harm
  }
  // A notifier that was slow to write leaves the descriptor readable behind a flag that was cleared before: read it
  // then too, or every wait from here on would return at once.
  if (readable || notified_.load(std::memory_order_seq_cst)) {
    std::uint64_t count = 0;
    // The notifier may not have written yet; then the next wait returns at once, which does no harm.
    [[maybe_unused]] const auto got = ::read(descriptor_, &count, sizeof count);
    // An exchange, not a store: it takes over what those whose notification was swallowed had posted before.
    notified_.exchange(false, std::memory_order_seq_cst);
  }
}

}  // namespace braid::engine
