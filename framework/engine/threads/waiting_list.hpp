#pragma once

#include "engine/ports/job_pool.hpp"
#include "engine/threads/guarded_by.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace braid::engine {

// Those who wait until something is to be had again: a credit, bytes. Each is told once and asks anew.
//
// Who waits: add(), then look once more, since what came in between told nobody. Who gives: wake_all() after what
// was given can be seen; it costs one load while nobody waits. Thread: any.
class WaitingList {
 public:
  // Shared, so that one who is told just now need not be waited for by who lets go of it.
  void add(std::shared_ptr<Notifier> notifier) {
    const std::lock_guard lock(mutex_);
    if (std::find(waiting_.begin(), waiting_.end(), notifier) == waiting_.end()) {
      waiting_.push_back(std::move(notifier));
    }
    // seq_cst: either who gives sees this, or our second look sees what was given.
    somebody_.store(true, std::memory_order_seq_cst);
  }
  void wake_all() {
    if (!somebody_.load(std::memory_order_seq_cst)) return;
    std::vector<std::shared_ptr<Notifier>> waiting;
    {
      const std::lock_guard lock(mutex_);
      somebody_.store(false, std::memory_order_seq_cst);
      waiting.swap(waiting_);
    }
    for (const auto& notifier : waiting) notifier->notify();
  }

 private:
  std::atomic<bool> somebody_{false};
  std::mutex mutex_;
  std::vector<std::shared_ptr<Notifier>> waiting_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
