#pragma once

#include "engine/threads/guarded_by.hpp"

#include <braid/delivery.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace braid::engine {

// One delivery that somebody waits for. Thread: any.
class DeliveryState {
 public:
  void settle(Delivery delivery) {
    const std::lock_guard lock(mutex_);
    delivery_ = std::move(delivery);
    settled_.notify_all();  // under the lock: who waited may let go of this as soon as it sees the delivery
  }
  [[nodiscard]] bool settled() const {
    const std::lock_guard lock(mutex_);
    return delivery_.has_value();
  }
  // None: the deadline came first.
  [[nodiscard]] std::optional<Delivery> wait_until(std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    settled_.wait_until(lock, deadline, [&] { return delivery_.has_value(); });
    return delivery_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable settled_;
  std::optional<Delivery> delivery_ BRAID_GUARDED_BY(mutex_);
};

// What a wait came to: the delivery, or why there is none.
[[nodiscard]] Result<Delivery> outcome_of(std::optional<Delivery> delivery, std::chrono::milliseconds waited);

}  // namespace braid::engine
