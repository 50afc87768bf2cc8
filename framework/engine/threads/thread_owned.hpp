#pragma once

#include "core/assert.hpp"

#include <atomic>
#include <thread>

namespace braid::engine {

// Stands beside members that one thread owns, and says when another one comes. The first thread to come is the
// owner, until release(). Thread: any; that is what it checks.
class ThreadOwned {
 public:
  void check() const {
    const std::thread::id self = std::this_thread::get_id();
    std::thread::id owner = owner_.load(std::memory_order_relaxed);  // compared only; it publishes nothing
    if (owner == self) return;
    BRAID_ASSERT(
        owner == std::thread::id{} && owner_.compare_exchange_strong(owner, self, std::memory_order_relaxed),
        "touched by a thread that does not own it");
  }
  // The next one to come owns it: for an object that is handed on, by means that publish it.
  void release() { owner_.store(std::thread::id{}, std::memory_order_relaxed); }

 private:
  mutable std::atomic<std::thread::id> owner_{};
};

}  // namespace braid::engine
