#pragma once

#include "engine/threads/guarded_by.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace braid::engine {

// Goes up once; others wait for it, with a deadline. Thread: any.
class LatchFlag {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    raised_ = true;
    // Under the lock: who waited may destroy the flag as soon as it sees it up.
    condition_.notify_all();
  }
  // False: the deadline came first.
  bool wait_until(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return condition_.wait_until(lock, deadline, [&] { return raised_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool raised_ BRAID_GUARDED_BY(mutex_) = false;
};

}  // namespace braid::engine
