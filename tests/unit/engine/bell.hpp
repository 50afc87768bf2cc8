#pragma once

#include "engine/ports/job_pool.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace braid::test_support {

// A notifier that a test can wait for. Thread: any.
class Bell final : public engine::Notifier {
 public:
  // How long a test waits for what must come; only a failing test waits so long.
  static constexpr std::chrono::seconds kPatience{30};

  void notify() noexcept override {
    const std::lock_guard lock(mutex_);
    ++rung_;
    condition_.notify_all();
  }
  [[nodiscard]] std::uint64_t rung() const {
    const std::lock_guard lock(mutex_);
    return rung_;
  }
  // Asks at once and after each ring. False: it did not become true in time.
  template <class Condition>
  bool wait(Condition&& condition, std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (std::uint64_t seen = rung();;) {
      if (condition()) return true;
      std::unique_lock lock(mutex_);
      if (!condition_.wait_until(lock, deadline, [&] { return rung_ != seen; })) return false;
      seen = rung_;
    }
  }
  // The next `times` rings since the bell was made.
  bool wait_for_rings(std::uint64_t times, std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    return condition_.wait_for(lock, patience, [&] { return rung_ >= times; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  std::uint64_t rung_ = 0;  // guarded by mutex_
};

}  // namespace braid::test_support
