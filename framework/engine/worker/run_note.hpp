#pragma once

#include "engine/ports/clock.hpp"
#include "engine/threads/thread_name.hpp"

#include <braid/offset.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

namespace braid::engine {

// What user code of one virtual partition does at present, for those who ask: a few relaxed stores a job and no
// lock, so that it costs nothing to speak of. What is read may be of two runs, if one ended just then; who decides
// by it reads again.
// Thread: begin(), end() and the like as the slot's; read() any.
class RunNote {
 public:
  enum class What : std::uint8_t { share, hook, farewell };
  struct Running {
    What what = What::share;
    Time since;
    Offset first;  // of a share; else -1
    Offset last;
    long thread = 0;  // the system's number of it; 0: the call has returned, and what it deferred is not settled
  };

  void begin(What what, Time now, Offset first = {-1}, Offset last = {-1}) noexcept {
    what_.store(what, std::memory_order_relaxed);
    first_.store(first.value, std::memory_order_relaxed);
    last_.store(last.value, std::memory_order_relaxed);
    thread_.store(thread_number(), std::memory_order_relaxed);
    began_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    // Release: who sees that it runs sees what.
    since_.store(now.time_since_epoch().count(), std::memory_order_release);
  }
  // Something else of the same job, behind end().
  void go_on_as(What what) noexcept { begin(what, Time(Duration(began_.load(std::memory_order_relaxed)))); }
  // The call has returned, and the attempt goes on without a thread.
  void leave_thread() noexcept { thread_.store(0, std::memory_order_relaxed); }
  // Before the slot is free: whoever has it next begins anew.
  void end() noexcept { since_.store(kNothing, std::memory_order_relaxed); }

  [[nodiscard]] std::optional<Running> read() const noexcept {
    const std::int64_t since = since_.load(std::memory_order_acquire);
    if (since == kNothing) return std::nullopt;
    return Running{what_.load(std::memory_order_relaxed), Time(Duration(since)),
                   Offset{first_.load(std::memory_order_relaxed)}, Offset{last_.load(std::memory_order_relaxed)},
                   thread_.load(std::memory_order_relaxed)};
  }

 private:
  static constexpr std::int64_t kNothing = std::numeric_limits<std::int64_t>::min();

  std::atomic<std::int64_t> since_{kNothing};
  std::atomic<std::int64_t> began_{0};
  std::atomic<std::int64_t> first_{-1};
  std::atomic<std::int64_t> last_{-1};
  std::atomic<long> thread_{0};
  std::atomic<What> what_{What::share};
};

}  // namespace braid::engine
