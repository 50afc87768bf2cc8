#pragma once

#include "stopwatch.hpp"

#include <braid/batch.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <semaphore>

namespace braid::benchmarks {

// How long it takes from the first of so many messages to the last one. What consumers share: one addition a call.
// Thread: count() any; the rest its owner's, the watch once all have come.
class ReadTally {
 public:
  explicit ReadTally(std::uint64_t expected) : expected_(expected) {}

  // As a call of consume() begins: the watch runs from the first one on.
  void begin() {
    if (!begun_.load(std::memory_order_relaxed) && !begun_.exchange(true)) watch_.begin();
  }
  // As it ends.
  void count(const Batch& batch) {
    if (messages_.fetch_add(batch.size()) + batch.size() != expected_) return;
    watch_.end();
    complete_.release();
  }
  // False: they did not all come.
  [[nodiscard]] bool wait_for(std::chrono::seconds patience) { return complete_.try_acquire_for(patience); }
  [[nodiscard]] std::uint64_t messages() const { return messages_.load(); }
  [[nodiscard]] const Stopwatch& watch() const { return watch_; }

 private:
  const std::uint64_t expected_;
  alignas(64) std::atomic<std::uint64_t> messages_{0};
  std::atomic<bool> begun_{false};  // by whoever is the first
  Stopwatch watch_;
  std::binary_semaphore complete_{0};
};

}  // namespace braid::benchmarks
