#include "core/offsets/gap_codec.hpp"
#include "engine/listener/continuous_runner.hpp"

#include <atomic>

// What ContinuousRunner does each second, and says of what waits, or of what a commit is to tell.

namespace braid::engine {

void ContinuousRunner::tidy(Time now) {
  if (const auto through = copies_.begin_by_time(now, offsets_.position())) copy_out(*through);
  if (filters_) filters_->report(now);
  const core::MessageQueues::Lengths lengths = flow_.queues().lengths();
  waiting_->virtual_partitions.store(lengths.queues, std::memory_order_relaxed);
  waiting_->messages.store(flow_.queued(), std::memory_order_relaxed);
  waiting_->longest.store(lengths.longest, std::memory_order_relaxed);
  waiting_->jobs.store(tools_.dispatcher->waiting_of(*assignment_), std::memory_order_relaxed);
  full_queue_.look(full_queue(lengths), now);
}

std::optional<FullQueueWatch::Full> ContinuousRunner::full_queue(
    const core::MessageQueues::Lengths& lengths) const {
  if (flow_.full() == 0) return std::nullopt;
  FullQueueWatch::Full full{.index = lengths.longest_at, .queued = lengths.longest};
  // Behind a job it waits for what that has not done; else, for filters or the pool, for its own first.
  const BatchPtr& present = lanes_[full.index].present;
  const auto left = present ? present->shares()[0].unfinished() : std::span<const Message>();
  full.stands_at = left.empty() ? &flow_.queues().front(full.index) : &left.front();
  return full;
}

std::string ContinuousRunner::metadata(std::size_t most) const {
  return core::encode_gaps(offsets_, assignment_->commit_text().text(), most);
}

}  // namespace braid::engine
