// What runners tell people of themselves.

#include "engine/listener/batch_runner.hpp"
#include "engine/listener/continuous_runner.hpp"

#include <algorithm>

namespace braid::engine {

void BatchRunner::see(RunnerSight& sight) const {
  if (present_) {
    for (const Share& share : present_->shares()) {
      auto retry = flow_.retry_of(share.index());
      if (!retry && std::ranges::find(left_, &share) != left_.end()) retry = left_due_;
      if (auto work = see_share(*assignment_, share, retry, after_.letters_out_of(share))) {
        sight.work.push_back(std::move(*work));
      }
    }
  }
  see_slots(*assignment_, sight.work);
  sight.open = offsets_.open_count();
  sight.waiting = gathering_->size() + held_back_.size();
  sight.parked = after_.parked();
  sight.letters = after_.letters_out();
  sight.position = position();
  sight.expected = offsets_.expected();
  sight.oldest_open = offsets_.lowest_open();
  sight.highest_done = offsets_.highest_done();
  sight.bytes_held = intake_.bytes().held();
  if (filters_ && !held_back_.empty()) sight.filter_until = filters_->waits_until();
  sight.waits_for_commit = tools_.commits->holds_back();
  sight.takes = room() > 0;
}

bool BatchRunner::empty() const {
  return !present_ && flow_.gathering() == 0 && held_back_.empty() && !flow_.sealed() && after_.letters_out() == 0;
}

void ContinuousRunner::see(RunnerSight& sight) const {
  for (const std::uint32_t index : active_) {
    const Share& share = lanes_[index].present->shares()[0];
    if (auto work = see_share(*assignment_, share, flow_.retry_of(index), after_.letters_out_of(share))) {
      sight.work.push_back(std::move(*work));
    }
  }
  see_slots(*assignment_, sight.work);
  sight.open = offsets_.open_count();
  sight.waiting = flow_.queued() + held_back_.size();
  sight.parked = after_.parked();
  sight.letters = after_.letters_out();
  sight.position = position();
  sight.expected = offsets_.expected();
  sight.oldest_open = offsets_.lowest_open();
  sight.highest_done = offsets_.highest_done();
  sight.bytes_held = intake_.bytes().held();
  sight.filter_until = flow_.waits_until();
  if (filters_ && !held_back_.empty()) sight.filter_until = filters_->sooner(sight.filter_until);
  sight.waits_for_commit = tools_.commits->holds_back();
  sight.takes = room() > 0;
  if (flow_.full() > 0) sight.full_queue = flow_.queues().lengths().longest_at;
}

void ContinuousRunner::see_queues(std::vector<QueueSight>& queues) const {
  const core::MessageQueues& all = flow_.queues();
  if (all.size() == 0) return;
  for (std::uint32_t index = 0; index < all.count(); ++index) {
    if (const std::uint32_t length = all.length(index); length > 0) queues.push_back({index, length});
  }
}

bool ContinuousRunner::empty() const {
  return active_.empty() && flow_.queued() == 0 && held_back_.empty() && after_.letters_out() == 0;
}

}  // namespace braid::engine
