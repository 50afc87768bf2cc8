#pragma once

#include "core/listener/commit_content.hpp"
#include "core/time.hpp"

#include <braid/offset.hpp>
#include <braid/routing/routes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace braid::core {

// The commits of one assignment, by its topic's policy: when it is due, what of it is stored, and who waits for
// what.
//
// Who waits is released when a commit has been acknowledged that was *sent after* the offsets it waits for were
// done and folded, and that told of them: below its position, or in its metadata as far as that reached.
//
//   waits ──sent() tells of it──▶ on its way ──acknowledged()──▶ released
//     ▲                               │
//     └────── failed(), given_up() ───┘   and the positions of then are sent, never the old ones
//
// How a runner uses it. `batch` flow: asks may_start_batch() before a batch starts; says batch_settled() of each,
// and under `before_processing` batch_ready() of the one that is to start next. `continuous` flow: asks may_run()
// before a virtual partition's next job starts; says job_settled() of each job, whose offsets are done by then; a
// job under `each_message` has one message. Under a policy that waits for nothing these always allow. In its turn
// the runner takes take_released(): virtual partitions whose next job may start now; for a batch it just asks
// again.
//
// Exactly once: a commit is a transaction that has begun with the first batch behind the one before, so it is sent
// only while no batch runs, and none runs until it is acknowledged. One that has failed ends the assignment:
//
//   batches run ──settled, and enough of them, or it is time──▶ wait ──sent()──▶ acknowledged() ──▶ batches run
//                                                                         └────▶ failed() ──▶ nothing any more
//
// Thread: none; pure. Owned by the assigned partition, for one assignment.
class PartitionCommits {
 public:
  using RequestId = std::uint64_t;

  // What goes into one transaction: so many batches, or those of so long, whichever comes first.
  struct Transactions {
    std::uint32_t batches = 1;
    Duration interval{};
  };

  // `interval`: the policy's own, or the application's. Partitions of one interval and `epoch` are due at the same
  // moments, so that one call serves them all.
  // `transactions`: exactly once; the policy is of no meaning then.
  PartitionCommits(const routing::Commit& policy, Duration interval, Time epoch,
                   std::optional<Transactions> transactions = std::nullopt);

  // --- what the runner says and asks

  // Whether a batch must be alone: none may be armed behind it.
  [[nodiscard]] bool one_batch_at_a_time() const {
    return before_processing() || (after_batch() && sync_) || exactly_once();
  }
  // What batches do becomes visible with their commit alone.
  [[nodiscard]] bool exactly_once() const { return transactions_.has_value(); }
  // Batches start after the commit of their own end.
  [[nodiscard]] bool before_processing() const { return when_ == routing::Commit::When::before_processing; }

  // Exactly once: each batch up to there has a transaction of its own.
  void alone_through(Offset last) { alone_through_ = last; }

  // A batch runs from now on.
  void batch_started() { running_ = true; }
  // The batch that ends at `last` is done.
  void batch_settled(Offset last);
  // Messages are done that are in no batch.
  void skipped() { progressed(); }
  // The batch that ends at `last` is to start; before_processing only.
  void batch_ready(Offset last);
  [[nodiscard]] bool may_start_batch() const {
    if (exactly_once() && (halted_ || in_flight_ || !waiters_.empty())) return false;
    return !batch_waits_;
  }
  // A batch, or some virtual partition, starts nothing before a commit is acknowledged.
  [[nodiscard]] bool holds_back() const {
    return batch_waits_ || std::find(blocked_.begin(), blocked_.end(), true) != blocked_.end();
  }

  // A job of that virtual partition, up to `last`, is done.
  void job_settled(VirtualPartitionIndex index, Offset last);
  [[nodiscard]] bool may_run(VirtualPartitionIndex index) const {
    return index.value >= blocked_.size() || !blocked_[index.value];
  }
  [[nodiscard]] std::vector<VirtualPartitionIndex> take_released();
  // Every job_settled() is answered by take_released(), at once or later: no job may be armed behind another.
  [[nodiscard]] bool jobs_wait() const { return sync_ && at_once(); }
  // Whether a batch or a virtual partition was released since: the runner wants a turn.
  [[nodiscard]] bool take_turn_wanted() { return std::exchange(turn_wanted_, false); }

  // --- what consumers ask for

  // All that is done up to `through`, as far as its asker knows, is to be committed at once. The id comes back by
  // take_answered() when that has been acknowledged.
  void request(RequestId id, Offset through);
  // The same, without an answer.
  void request(Offset through);
  [[nodiscard]] std::vector<RequestId> take_answered();

  // --- what the committer says and asks

  // What the group has stored; none: nothing, or nobody knows.
  void stored(std::optional<CommitContent> content) { stored_ = content; }
  // What the group has by the last answer; none: nothing, or nobody knows.
  [[nodiscard]] const std::optional<CommitContent>& last_stored() const { return stored_; }
  // From when on something is wanted; none: nothing by time alone.
  [[nodiscard]] std::optional<Time> due() const {
    if (gave_up_ || !due_) return std::nullopt;
    return std::max(*due_, not_before_);
  }
  [[nodiscard]] bool in_flight() const { return in_flight_.has_value(); }
  // Of this assignment.
  [[nodiscard]] bool ever_acknowledged() const { return ever_acknowledged_; }
  // What is done is due now, if no batch runs.
  void hurry() { due_ = Time::min(); }
  // Whether sending this tells anything new that the policy lets go. Requires that all that shares have done is
  // folded, and that nothing is on its way.
  [[nodiscard]] bool worth_sending(const CommitContent& content) const;
  // It was due, and there was nothing to send: `content` is what is stored, or nothing can be said yet.
  void nothing_to_send(const std::optional<CommitContent>& content, Time now);
  void sent(std::uint64_t token, const CommitContent& content, Time now);
  // These do nothing but for the token of the last sent().
  void acknowledged(std::uint64_t token);
  // Nobody knows whether it was stored; it is due again at once.
  void failed(std::uint64_t token);
  // The same, but trying again is of no use: returns the requests that it carried, for an error.
  [[nodiscard]] std::vector<RequestId> refused(std::uint64_t token);
  // It was refused for a reason that may last: nothing is due before then. At the end it is tried once more at
  // once, and then nothing is due any more.
  void put_off(Time until);

  // --- the end

  // The last chance: what the policy lets go is due at once.
  void end();
  // Nothing more of this assignment needs to be sent or acknowledged.
  [[nodiscard]] bool clean(const std::optional<CommitContent>& content) const;
  // Nobody waits any more; returns the requests that go unanswered.
  [[nodiscard]] std::vector<RequestId> drop_waiters();

 private:
  struct Waiter {
    enum class Kind : std::uint8_t { batch, virtual_partition, request, wish };
    Kind kind;
    Offset through;
    std::uint64_t who = 0;    // the virtual partition, or the request
    bool on_its_way = false;  // in the commit in flight
  };

  [[nodiscard]] bool after_batch() const { return when_ == routing::Commit::When::after_batch; }
  [[nodiscard]] bool manual() const { return when_ == routing::Commit::When::manual; }
  [[nodiscard]] bool at_once() const { return after_batch() || when_ == routing::Commit::When::each_message; }
  void wait(const Waiter& waiter);
  void progressed();
  void release(const Waiter& waiter);
  template <class Condition>
  void release_where(Condition&& condition);
  void come_back(std::uint64_t token);
  [[nodiscard]] std::optional<Time> next_time(Time now) const;
  // What is done so far is not all of a transaction, or will never be one.
  [[nodiscard]] bool inside_transaction() const { return exactly_once() && (running_ || halted_); }

  std::optional<Transactions> transactions_;
  std::optional<Offset> alone_through_;
  routing::Commit::When when_;
  bool sync_;
  Duration interval_;
  Time epoch_;

  std::optional<Time> due_;
  Time not_before_ = Time::min();
  bool ended_ = false;
  bool refused_at_end_ = false;
  bool gave_up_ = false;                 // so was the last chance
  std::optional<CommitContent> stored_;  // none: unknown, or nothing
  std::uint64_t token_ = 0;
  std::optional<CommitContent> in_flight_;
  bool ever_acknowledged_ = false;
  std::vector<Waiter> waiters_;
  bool batch_waits_ = false;
  bool turn_wanted_ = false;
  bool running_ = false;       // a batch
  std::uint32_t batches_ = 0;  // settled since the last transaction
  bool overdue_ = false;       // it was time while a batch ran
  bool halted_ = false;        // a transaction has failed
  std::vector<bool> blocked_;  // by virtual partition; as far as one ever was
  std::vector<VirtualPartitionIndex> released_;
  std::vector<RequestId> answered_;
};

}  // namespace braid::core
