#include "engine/worker/partition_jobs.hpp"

#include <algorithm>
#include <utility>

namespace braid::engine {

bool PartitionJobs::claim(const void* holder) {
  const void* before = nullptr;
  // seq_cst: pairs with watch(), as the count does.
  return holder_.compare_exchange_strong(before, holder, std::memory_order_seq_cst) || before == holder;
}

void PartitionJobs::give_up_claim(const void* holder) {
  const void* before = holder;
  if (holder_.compare_exchange_strong(before, nullptr, std::memory_order_seq_cst)) wake_watchers();
}

void PartitionJobs::watch(std::shared_ptr<Notifier> notifier) {
  const std::lock_guard lock(mutex_);
  if (std::find(watchers_.begin(), watchers_.end(), notifier) == watchers_.end()) {
    watchers_.push_back(std::move(notifier));
  }
  watched_.store(true, std::memory_order_seq_cst);
}

void PartitionJobs::unwatch(const Notifier& notifier) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watchers_, [&](const auto& watcher) { return watcher.get() == &notifier; });
  watched_.store(!watchers_.empty(), std::memory_order_seq_cst);
}

void PartitionJobs::wake_watchers() {
  if (!watched_.load(std::memory_order_seq_cst)) return;
  std::vector<std::shared_ptr<Notifier>> watchers;
  {
    const std::lock_guard lock(mutex_);
    watchers = watchers_;
  }
  for (const auto& watcher : watchers) watcher->notify();
}

std::shared_ptr<PartitionJobs> PartitionJobsTable::of(const std::string& group, const TopicPartition& partition) {
  const std::lock_guard lock(mutex_);
  auto& jobs = table_[{group, partition.topic, partition.partition}];
  if (!jobs) jobs = std::make_shared<PartitionJobs>();
  return jobs;
}

}  // namespace braid::engine
