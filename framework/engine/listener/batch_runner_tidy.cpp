// What a runner of batches does now and then: what waits for long is copied out, and figures are told; and what a
// commit of it is to tell.

#include "core/offsets/gap_codec.hpp"
#include "engine/listener/batch_runner.hpp"

#include <atomic>

namespace braid::engine {

void BatchRunner::tidy(Time now) {
  if (const auto through = copies_.begin_by_time(now, offsets_.position())) copy_out(*through, now);
  if (filters_) filters_->report(now);
  waiting_->jobs.store(tools_.dispatcher->waiting_of(*assignment_), std::memory_order_relaxed);
}

// Of those up to there: what waits for a retry, with all of its batch, and what waits behind it. Nothing passes it,
// so looking now and then is enough.
void BatchRunner::copy_out(Offset through, Time now) {
  if (present_) copies_.copy_batch(*present_, through);
  if (!held_back_.empty() && held_back_.front().offset() <= through) copies_.copy_front(held_back_);
  if (copies_.wants(*gathering_, through)) {
    const bool armed = flow_.is_armed();
    if (armed) take_back();
    copies_.copy_batch(*gathering_, through);
    if (armed) hand_over(now);
  }
  copies_.end();
}

// At most once: the position is behind all that has started, and what is done beyond it there is nothing.
std::uint64_t BatchRunner::revision() const {
  const std::uint64_t text = assignment_->commit_text().revision();
  return tools_.commits->before_processing() ? text : offsets_.revision() + text;
}

std::string BatchRunner::metadata(std::size_t most) const {
  const auto text = assignment_->commit_text().text();
  if (tools_.commits->before_processing()) return core::encode_gaps(*position(), {}, text, most);
  return core::encode_gaps(offsets_, text, most);
}

}  // namespace braid::engine
