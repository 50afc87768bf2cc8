#pragma once

#include "engine/ports/consumer_client.hpp"
#include "engine/ports/job_pool.hpp"
#include "engine/threads/guarded_by.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace braid::engine {

// How many jobs of one topic-partition the pool holds, over all its generations and connections in this process.
// A new generation starts nothing before those of the earlier ones have returned.
// Thread: any. A job leaves as the last thing it does.
class PartitionJobs {
 public:
  // Release is not needed on entry: the job queue publishes the job itself.
  void enter(std::uint32_t jobs) { inside_.fetch_add(jobs, std::memory_order_relaxed); }
  void leave(std::uint32_t jobs = 1) {
    // Release: who sees zero sees all that the jobs wrote. seq_cst pairs with watch(): either the watcher sees
    // zero, or the one who brought it there sees the watcher.
    if (inside_.fetch_sub(jobs, std::memory_order_seq_cst) == jobs) wake_watchers();
  }
  [[nodiscard]] bool idle() const { return inside_.load(std::memory_order_seq_cst) == 0; }
  // Acquire: what those that have left did is seen, as that they run no more.
  [[nodiscard]] std::uint32_t inside() const { return inside_.load(std::memory_order_acquire); }

  // One assignment at a time may run jobs and last hooks of the partition, over all connections: one that lost it
  // and has not heard of that yet would run beside the one that got it. True: `holder` holds it, now or already.
  bool claim(const void* holder);
  // Does nothing unless `holder` holds it.
  void give_up_claim(const void* holder);

  // `notifier` is notified each time the count reaches zero or the claim is given up, until unwatched; a listener
  // that lets a partition go and one that gets it may both watch. Look at idle() after this call, not before.
  void watch(std::shared_ptr<Notifier> notifier);
  void unwatch(const Notifier& notifier);

 private:
  void wake_watchers();

  std::atomic<std::uint32_t> inside_{0};
  std::atomic<const void*> holder_{nullptr};
  std::atomic<bool> watched_{false};
  std::mutex mutex_;  // rare: assignments and revocations only
  std::vector<std::shared_ptr<Notifier>> watchers_ BRAID_GUARDED_BY(mutex_);
};

// The application's PartitionJobs, by consumer group, topic and partition. Thread: any; used on assignment only.
class PartitionJobsTable {
 public:
  std::shared_ptr<PartitionJobs> of(const std::string& group, const TopicPartition& partition);
  // Grows with each call, over all connections.
  Generation next_generation() { return {generations_.fetch_add(1, std::memory_order_relaxed) + 1}; }

 private:
  std::atomic<std::uint64_t> generations_{0};  // only its growth matters: relaxed
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, PartitionNumber>, std::shared_ptr<PartitionJobs>> table_
      BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
