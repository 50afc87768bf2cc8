// What a runner of batches does now and then: what waits for long is copied out, and figures are told.

#include "engine/listener/batch_runner.hpp"

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

}  // namespace braid::engine
