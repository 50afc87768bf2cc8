#pragma once

#include "engine/threads/guarded_by.hpp"

#include <braid/offset.hpp>
#include <braid/result.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

namespace braid::engine {

class Assignment;
class JobPool;

// What a consumer asks its listener to commit, and the place where it waits for the answer.
// Thread: any. Held by who waits, by the mail that carries it, and by the listener until it has answered.
class CommitRequest : public boost::intrusive_ref_counter<CommitRequest> {
 public:
  // `through`: what is done up to there. `waits`: somebody will look at the answer.
  CommitRequest(std::shared_ptr<Assignment> assignment, Offset through, bool waits);

  [[nodiscard]] const Assignment& assignment() const { return *assignment_; }
  [[nodiscard]] Offset through() const { return through_; }
  [[nodiscard]] bool waits() const { return waits_; }

  // The first answer counts.
  void answer(const Result<void>& outcome);
  // The assignment has ended without an acknowledgment.
  void answer_ended();
  // The answer, or that it did not come in time; it may come later, and then means nothing. Within a job of `pool`.
  [[nodiscard]] Result<void> wait_for(std::chrono::milliseconds timeout, JobPool& pool);

 private:
  const std::shared_ptr<Assignment> assignment_;
  const Offset through_;
  const bool waits_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Result<void>> outcome_ BRAID_GUARDED_BY(mutex_);
};

using CommitRequestPtr = boost::intrusive_ptr<CommitRequest>;

}  // namespace braid::engine
