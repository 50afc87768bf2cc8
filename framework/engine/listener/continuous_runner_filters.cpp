#include "engine/listener/continuous_runner.hpp"

#include <optional>
#include <utility>

// What ContinuousRunner does where filters are asked about what is about to run.

namespace braid::engine {

// Up to the first message that waits; with it the virtual partition waits, unless something of it goes before. What
// is skipped does not end a job. Null: nothing runs now.
BatchPtr ContinuousRunner::take_filtered_job(std::uint32_t index) {
  BatchPtr job;
  std::uint32_t taken = 0;
  while (taken < flow_.max_messages() && flow_.queued(index) > 0) {
    const Verdict verdict = filters_->ask(flow_.queues().front(index));
    if (verdict.kind() == Verdict::Kind::skip) {
      flow_.remove_first(index, skipped_, skipped_keys_);
    } else if (verdict.kind() == Verdict::Kind::pass) {
      if (!job) job = shelf_.fresh();
      flow_.take(index, 1, job->gathered(), job->keys());
      ++taken;
    } else {
      // One that runs is asked about again when it has settled.
      if (!flow_.running(index)) wait(index, verdict.until());
      break;
    }
  }
  if (!skipped_.empty()) drop_skipped(index);
  if (job) job->lay_out_as_one({index});
  return job;
}

// It is the dispatcher that asks for jobs, when it has room, and nobody looks behind that when we are to wake, or
// whether there is room or something to commit: so we ask for a turn.
void ContinuousRunner::wait(std::uint32_t index, Time until) {
  flow_.wait(index, until);
  tools_.ready->on_ready();
}

// What a filter of virtual partitions has skipped: it is held no more.
void ContinuousRunner::drop_skipped(std::uint32_t index) {
  if (placement_->remembers()) {
    std::vector<std::uint32_t>& indexes = tools_.split->indexes;
    indexes.assign(skipped_keys_.size(), index);
    placement_->release(skipped_keys_, indexes);
  }
  if (hooks_) hooks_->job_settled(index, skipped_.size());
  filters_->skip(skipped_);
  skipped_.clear();
  skipped_keys_.clear();
  tools_.ready->on_ready();
}

}  // namespace braid::engine
