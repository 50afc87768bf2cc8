#pragma once

#include "engine/threads/waiting_list.hpp"

#include <braid/message.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace braid::engine {

// The bytes of messages that all partitions of a process hold together. A soft bound: who takes can't know how
// large the next messages are, so each may pass it by what one take brings; and one that holds nothing may always
// take a little, or those that are full would keep it waiting for good. Thread: any.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] bool exhausted() const { return held_.load(std::memory_order_seq_cst) >= limit_; }
  [[nodiscard]] std::size_t left() const {
    const std::size_t held = held_.load(std::memory_order_relaxed);
    return held < limit_ ? limit_ - held : 0;
  }
  void take(std::size_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) {
    const std::size_t before = held_.fetch_sub(bytes, std::memory_order_seq_cst);
    // Those that wait go on well below the bound, not at each message.
    if (before - bytes <= limit_ - limit_ / 8) waiting_.wake_all();
  }
  // Tells when there is room again; look at exhausted() after this call, not before.
  void wait(std::shared_ptr<Notifier> notifier) { waiting_.add(std::move(notifier)); }
  [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> held_{0};
  WaitingList waiting_;
};

// The part of the budget that one assignment holds, and its own bound. Thread: its listener's.
class HeldBytes {
 public:
  HeldBytes(ByteBudget& budget, std::size_t limit) : budget_(&budget), limit_(limit) {}
  ~HeldBytes() { budget_->give_back(held_); }
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;

  void take(std::span<const Message> messages) {
    const std::size_t bytes = size_of(messages);
    held_ += bytes;
    budget_->take(bytes);
  }
  void give_back(std::span<const Message> messages) {
    const std::size_t bytes = size_of(messages);
    held_ -= bytes;
    budget_->give_back(bytes);
  }
  [[nodiscard]] std::size_t left() const { return held_ < limit_ ? std::min(limit_ - held_, budget_->left()) : 0; }
  [[nodiscard]] std::size_t held() const { return held_; }
  // Where there is less than its own bound leaves because of others, `notifier` is told when there may be more.
  void wait_for_others(const std::shared_ptr<Notifier>& notifier) {
    if (held_ < limit_ && budget_->left() < limit_ - held_) budget_->wait(notifier);
  }

 private:
  static std::size_t size_of(std::span<const Message> messages) {
    std::size_t bytes = 0;
    for (const Message& message : messages) bytes += message.size();
    return bytes;
  }
  ByteBudget* budget_;
  std::size_t limit_;
  std::size_t held_ = 0;
};

}  // namespace braid::engine
