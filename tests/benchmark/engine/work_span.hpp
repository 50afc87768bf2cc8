#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <semaphore>

namespace braid::benchmarks {

// The time from the first piece of work's start to the last one's end, whoever does them. Thread: any.
class WorkSpan {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WorkSpan(std::uint64_t pieces) : pieces_(pieces) {}

  void begin() {
    if (begun_.load(std::memory_order_relaxed)) return;
    const auto now = Clock::now().time_since_epoch().count();
    // Who comes first by the clock is not always who comes first here.
    for (auto first = first_.load(std::memory_order_relaxed);
         now < first && !first_.compare_exchange_weak(first, now, std::memory_order_relaxed);) {
    }
    begun_.store(true, std::memory_order_relaxed);
  }
  // The last one's counter orders what all others wrote before its end.
  void end(std::uint64_t pieces = 1) {
    if (ended_.fetch_add(pieces, std::memory_order_acq_rel) + pieces != pieces_) return;
    last_ = Clock::now();
    complete_.release();
  }

  // False when the time is over first. To be called once.
  [[nodiscard]] bool wait(std::chrono::seconds patience) { return complete_.try_acquire_for(patience); }
  // After wait() has returned true.
  [[nodiscard]] double seconds() const {
    const Clock::time_point first{Clock::duration(first_.load(std::memory_order_relaxed))};
    return std::chrono::duration<double>(last_ - first).count();
  }
  // More than was expected tells that something came twice.
  [[nodiscard]] std::uint64_t ended() const { return ended_.load(); }

 private:
  const std::uint64_t pieces_;
  std::atomic<bool> begun_{false};
  std::atomic<Clock::rep> first_{Clock::time_point::max().time_since_epoch().count()};
  alignas(64) std::atomic<std::uint64_t> ended_{0};
  Clock::time_point last_;
  std::binary_semaphore complete_{0};
};

}  // namespace braid::benchmarks
