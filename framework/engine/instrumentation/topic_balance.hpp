#pragma once

#include "engine/threads/guarded_by.hpp"

#include <braid/topic_figures.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {

// What waits of one assigned partition, as its listener saw it last. Thread: written by one, read by any; figures
// only, so relaxed throughout.
struct WaitingGauge {
  std::atomic<std::uint64_t> virtual_partitions{0};
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> longest{0};
  std::atomic<std::uint64_t> jobs{0};
};

// A quantity over batches. Thread: any; figures only, so relaxed throughout.
class RunningMeasure {
 public:
  void add(std::uint64_t value) {
    last_.store(value, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
    std::uint64_t most = most_.load(std::memory_order_relaxed);
    while (value > most && !most_.compare_exchange_weak(most, value, std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] std::uint64_t last() const { return last_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  [[nodiscard]] Measured over(std::uint64_t times) const {
    return {last(), times > 0 ? static_cast<double>(sum()) / static_cast<double>(times) : 0.0,
            most_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<std::uint64_t> last_{0};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> most_{0};
};

// The balance of one topic of a consumer group, over its partitions and connections. Costs a few relaxed additions
// a batch, and nothing a message. Thread: any.
class TopicBalance {
 public:
  TopicBalance(std::string consumer_group, std::string topic)
      : consumer_group_(std::move(consumer_group)), topic_(std::move(topic)) {}

  // A batch of so many messages had so many in the largest of the virtual partitions that it used.
  void count_batch(std::uint64_t messages, std::uint64_t used, std::uint64_t largest) {
    messages_.add(messages);
    used_.add(used);
    largest_.add(largest);
    batches_.fetch_add(1, std::memory_order_relaxed);
  }
  // For one assignment of a partition, which counts as long as it keeps it.
  [[nodiscard]] std::shared_ptr<WaitingGauge> gauge() {
    auto gauge = std::make_shared<WaitingGauge>();
    const std::lock_guard lock(mutex_);
    std::erase_if(gauges_, [](const auto& other) { return other.expired(); });
    gauges_.push_back(gauge);
    return gauge;
  }
  [[nodiscard]] bool is_of(const std::string& consumer_group, const std::string& topic) const {
    return consumer_group_ == consumer_group && topic_ == topic;
  }
  [[nodiscard]] TopicFigures figures() const {
    TopicFigures figures;
    figures.consumer_group = consumer_group_;
    figures.topic = topic_;
    read_batches(figures);
    const std::lock_guard lock(mutex_);
    for (const auto& held : gauges_) {
      const auto gauge = held.lock();
      if (!gauge) continue;
      figures.virtual_partitions_queued += gauge->virtual_partitions.load(std::memory_order_relaxed);
      figures.messages_queued += gauge->messages.load(std::memory_order_relaxed);
      figures.longest_queue = std::max(figures.longest_queue, gauge->longest.load(std::memory_order_relaxed));
      figures.jobs_waiting += gauge->jobs.load(std::memory_order_relaxed);
    }
    return figures;
  }

 private:
  static double share(std::uint64_t messages, std::uint64_t used) {
    return used > 0 ? static_cast<double>(messages) / static_cast<double>(used) : 0.0;
  }
  void read_batches(TopicFigures& figures) const {
    figures.batches = batches_.load(std::memory_order_relaxed);
    figures.virtual_partitions_used = used_.over(figures.batches);
    figures.largest_share = largest_.over(figures.batches);
    figures.mean_share_last = share(messages_.last(), used_.last());
    figures.mean_share = share(messages_.sum(), used_.sum());
  }

  const std::string consumer_group_;
  const std::string topic_;
  std::atomic<std::uint64_t> batches_{0};
  RunningMeasure messages_;
  RunningMeasure used_;
  RunningMeasure largest_;
  mutable std::mutex mutex_;  // at the beginning of an assignment, and while somebody reads
  std::vector<std::weak_ptr<WaitingGauge>> gauges_ BRAID_GUARDED_BY(mutex_);
};

// The balance of all topics of an application. Thread: any.
class BalanceTable {
 public:
  // The same one for all who ask.
  std::shared_ptr<TopicBalance> of(const std::string& consumer_group, const std::string& topic) {
    const std::lock_guard lock(mutex_);
    for (const auto& known : topics_) {
      if (known->is_of(consumer_group, topic)) return known;
    }
    return topics_.emplace_back(std::make_shared<TopicBalance>(consumer_group, topic));
  }
  // In the order in which they were asked for first.
  [[nodiscard]] std::vector<TopicFigures> figures() const {
    const std::lock_guard lock(mutex_);
    std::vector<TopicFigures> figures;
    figures.reserve(topics_.size());
    for (const auto& topic : topics_) figures.push_back(topic->figures());
    return figures;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<TopicBalance>> topics_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
