#pragma once

#include "engine/threads/guarded_by.hpp"
#include "engine/worker/byte_budget.hpp"
#include "engine/worker/job_cap.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

namespace braid::engine {

// What all connections of an application share out among them. Thread: any; caps are looked up at the start only.
class Limits {
 public:
  explicit Limits(std::size_t max_bytes_in_flight) : bytes_(max_bytes_in_flight) {}

  [[nodiscard]] ByteBudget& bytes() { return bytes_; }
  // The cap of a topic, or of a whole subscription group where `topic` is empty; the same for all who ask.
  std::shared_ptr<JobCap> cap(const std::string& consumer_group, const std::string& subscription_group,
                              const std::string& topic, std::uint32_t limit) {
    const std::lock_guard lock(mutex_);
    auto& cap = caps_[{consumer_group, subscription_group, topic}];
    if (!cap) cap = std::make_shared<JobCap>(limit);
    return cap;
  }

 private:
  ByteBudget bytes_;
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, std::shared_ptr<JobCap>> caps_
      BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
