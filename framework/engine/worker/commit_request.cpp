#include "engine/worker/commit_request.hpp"

#include "engine/ports/job_pool.hpp"

#include <utility>

namespace braid::engine {

CommitRequest::CommitRequest(std::shared_ptr<Assignment> assignment, Offset through, bool waits)
    : assignment_(std::move(assignment)), through_(through), waits_(waits) {}

void CommitRequest::answer(const Result<void>& outcome) {
  const std::lock_guard lock(mutex_);
  if (outcome_) return;
  outcome_ = outcome;
  answered_.notify_all();
}

void CommitRequest::answer_ended() {
  answer(Error(Error::Kind::closed,
               "the partition was revoked, lost or stopped before the commit was acknowledged; it may or may not "
               "have been stored"));
}

Result<void> CommitRequest::wait_for(std::chrono::milliseconds timeout, JobPool& pool) {
  std::unique_lock lock(mutex_);
  if (!pool.wait(lock, answered_, timeout, [&] { return outcome_.has_value(); })) {
    return Error(Error::Kind::timed_out,
                 "no commit that covers what was marked has been acknowledged in time; it may still be stored",
                 true);
  }
  return *outcome_;
}

}  // namespace braid::engine
