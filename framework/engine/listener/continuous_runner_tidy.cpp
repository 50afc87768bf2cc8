#include "core/offsets/gap_codec.hpp"
#include "engine/listener/continuous_runner.hpp"

#include <atomic>
#include <span>
#include <utility>
#include <vector>

// What ContinuousRunner does now and then, with what waits for long, and says of what waits, or of what a commit is
// to tell.

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

// Those of copies count into what queues hold, so what is left of jobs is a little too much, and some is copied
// later.
std::size_t ContinuousRunner::bytes_not_copied() const {
  const std::size_t held = messages_held();
  const std::size_t copied = std::min(flow_.queues().replaced(), held);
  if (held == 0) return 0;
  const double part = static_cast<double>(held - copied) / static_cast<double>(held);
  return static_cast<std::size_t>(static_cast<double>(intake_.bytes().held()) * part);
}

// Of those up to there: what waits in queues, behind running jobs, and for its retry.
void ContinuousRunner::copy_out(Offset through) {
  if (!admits_) return;
  if (!held_back_.empty() && held_back_.front().offset() <= through) copies_.copy_front(held_back_);
  flow_.queues().replace_through(through, [this](std::span<Message> messages) { return copies_.copy(messages); });
  // By place: see admit().
  for (std::size_t i = 0; i < active_.size(); ++i) {
    const std::uint32_t index = active_[i];
    Lane& lane = lanes_[index];
    copies_.copy_batch(*lane.present, through);
    if (!lane.armed || !copies_.wants(*lane.armed, through) || !lane.present->disarm(*lane.armed)) continue;
    Counters::add(assignment_->counters().batches_taken_back);
    copies_.copy_batch(*lane.armed, through);
    place_behind(index, std::move(lane.armed));
  }
  copies_.end();
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
