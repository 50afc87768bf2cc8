#pragma once

#include "engine/threads/waiting_list.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace braid::engine {

// How many jobs of a topic, or of a subscription group, may be out at once, over all connections: credits that a
// listener takes before it submits a job, and the worker returns behind it. Thread: any.
class JobCap {
 public:
  explicit JobCap(std::uint32_t limit) : limit_(limit) {}

  // False: all are out; wait() tells when one is back.
  [[nodiscard]] bool try_take() {
    std::uint32_t out = out_.load(std::memory_order_seq_cst);
    while (out < limit_) {
      if (out_.compare_exchange_weak(out, out + 1, std::memory_order_seq_cst)) return true;
    }
    return false;
  }
  void give_back() {
    // seq_cst pairs with the waiting list: see there.
    out_.fetch_sub(1, std::memory_order_seq_cst);
    waiting_.wake_all();
  }
  void wait(std::shared_ptr<Notifier> notifier) { waiting_.add(std::move(notifier)); }
  [[nodiscard]] std::uint32_t out() const { return out_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t limit() const { return limit_; }

 private:
  const std::uint32_t limit_;
  std::atomic<std::uint32_t> out_{0};
  WaitingList waiting_;
};

// The caps that a topic's jobs are under: its own, its subscription group's. Thread: as JobCap.
class JobCaps {
 public:
  JobCaps() = default;
  JobCaps(std::shared_ptr<JobCap> topic, std::shared_ptr<JobCap> group)
      : caps_{std::move(topic), std::move(group)} {}

  [[nodiscard]] bool any() const { return caps_[0] || caps_[1]; }
  // A credit of each, or none. Returns the one that has none left; nullptr: taken.
  [[nodiscard]] JobCap* try_take() {
    for (std::size_t i = 0; i < caps_.size(); ++i) {
      if (!caps_[i] || caps_[i]->try_take()) continue;
      for (std::size_t taken = 0; taken < i; ++taken) {
        if (caps_[taken]) caps_[taken]->give_back();
      }
      return caps_[i].get();
    }
    return nullptr;
  }
  void give_back() {
    for (const auto& cap : caps_) {
      if (cap) cap->give_back();
    }
  }

 private:
  std::array<std::shared_ptr<JobCap>, 2> caps_;
};

}  // namespace braid::engine
