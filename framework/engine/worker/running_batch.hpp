#pragma once

#include "core/virtual_partitions/placement.hpp"
#include "core/virtual_partitions/splitter.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/commit_request.hpp"
#include "engine/worker/share.hpp"

#include <braid/message.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace braid::engine {

class Mailbox;
class RunningBatch;

// Whose share a batch collapses to.
inline constexpr VirtualPartitionIndex kCollapsed{0};

// Before every offset: what every commit tells of.
inline constexpr Offset kNoOffset{-1};

using BatchPtr = boost::intrusive_ptr<RunningBatch>;

// A batch of one assignment: first it gathers messages on the listener, then it is split into shares, then its
// shares run. What listener and workers share of it is atomic; everything else changes hands when the batch starts
// and when it has settled.
//
//   unsettled   shares that are not done; who brings it to 0 starts the batch armed behind, and tells the listener
//   armed       the batch behind, with a reference to it: null, a batch, or closed once this one has settled
//   references  the listener's, one a job in the pool, one a mail, one where armed; the last to go frees the
//   messages
//
// Thread: the listener gathers, splits, arms and disarms; workers run shares. A batch armed behind is not touched
// by the listener before it is disarmed.
class RunningBatch {
 public:
  RunningBatch(std::shared_ptr<Assignment> assignment, std::shared_ptr<Mailbox> mailbox,
               std::shared_ptr<JobPool> pool);
  ~RunningBatch();
  RunningBatch(const RunningBatch&) = delete;
  RunningBatch& operator=(const RunningBatch&) = delete;

  // --- gathering; listener

  // Messages in the order of their offsets; append to it.
  [[nodiscard]] std::vector<Message>& gathered() { return gathered_; }
  // What their placement knows them by, one for each message; the runner's alone.
  [[nodiscard]] std::vector<core::KeyId>& keys() { return keys_; }
  [[nodiscard]] std::size_t size() const { return gathered_.size(); }
  [[nodiscard]] bool empty() const { return gathered_.empty(); }
  // Copies at most `most` more of its messages out of the memory that they came in; returns how many it was. What
  // was laid out follows. Requires that nobody else has it: see unshared().
  std::size_t copy_out(std::size_t most);
  // All of them were.
  [[nodiscard]] bool copied() const { return copied_ == gathered_.size(); }
  [[nodiscard]] Offset first() const { return gathered_.front().offset(); }
  // The last offset that a commit will tell of, once it has settled: what is parked is not told. Where there is
  // none, one that every commit tells of.
  [[nodiscard]] Offset last_told() const;
  [[nodiscard]] Offset last() const { return gathered_.back().offset(); }
  // Lays the messages out in shares. May be done again after more were gathered.
  void split(std::span<const std::uint32_t> indexes, core::Splitter& splitter);
  // All messages are one share, of this virtual partition.
  void lay_out_as_one(VirtualPartitionIndex virtual_partition);
  [[nodiscard]] std::span<Share> shares() { return {shares_.get(), share_count_}; }
  // Those it had before it collapsed; none if it has not.
  [[nodiscard]] std::span<Share> former_shares() { return {former_shares_.get(), former_count_}; }
  // Frees the messages; the batch can gather anew. Requires that it never started, or has settled and no job holds
  // it.
  void clear();
  // All that it was to wait for has come: from here on only others keep it from running. The first time counts.
  void note_ready(Time now) {
    if (ready_at_ == Time{}) ready_at_ = now;
  }
  [[nodiscard]] Time ready_at() const { return ready_at_; }
  // When the first of its jobs began; none: none has, or nobody wanted to know. Meaningful once it has settled.
  [[nodiscard]] std::optional<Time> began_at() const;
  // Thread: workers.
  void note_began(Time now);
  // Nobody but the caller holds it.
  [[nodiscard]] bool unshared() const { return references_.load(std::memory_order_acquire) == 1; }

  // --- running

  // Submits all shares. Those the pool had no room for are mailed to the listener as unsent. Thread: the listener
  // for the first batch, the worker that settled the batch before it for an armed one.
  void start();
  // Submits one share again, or one that was unsent. False: the pool is full.
  bool submit(Share& share);
  // Places `next` behind this one. False: this one has settled, `next` was not started.
  bool arm(RunningBatch& next);
  // Takes it back. False: this one has settled, and it has started.
  bool disarm(RunningBatch& next);

  // --- one share instead of many; listener

  // Shares that have failed wait for the others: from now on these tell the listener when they settle.
  void watch_shares() { watched_.store(true, std::memory_order_seq_cst); }
  [[nodiscard]] std::uint32_t unsettled() const { return unsettled_.load(std::memory_order_seq_cst); }
  // What is unfinished of all shares, in the order of offsets, is one share from now on, of virtual partition 0,
  // and the only one. Requires that each has settled, or is not in the pool and has no letters out.
  Share& collapse();
  // Some message of it is parked.
  void note_parked() { parks_ = true; }
  [[nodiscard]] bool parks() const { return parks_; }

  void run(Share& share) noexcept;
  // An attempt of one of its shares has ended: behind run() at once, or whenever what was deferred is settled.
  // Thread: any. The last thing that its job does; the batch may be gone behind it.
  void finish(Share& share, ConsumerSlot::Attempt attempt) noexcept;
  // The messages live until the last of these is gone too; whoever has one. Thread: workers, while a share runs.
  [[nodiscard]] BatchPtr keep() {
    kept_.store(true, std::memory_order_relaxed);  // published by the share's end
    return BatchPtr(this);
  }
  // Somebody else may hold it for long: it is not to be reused. Meaningful once it has settled.
  [[nodiscard]] bool kept() const { return kept_.load(std::memory_order_relaxed); }
  // The share failed and is not tried again: it counts as settled. Listener, in the handler of its mail.
  void settle_dropped(Share& share);
  // Asks the listener to commit all that is done of the share's virtual partition by now. Thread: the share's
  // worker.
  CommitRequestPtr request_commit(const Share& share, bool waits);
  // The offset store has refused what a share has recorded: its epoch is over. Thread: the share's worker. Once an
  // attempt.
  void report_stale_epoch();
  [[nodiscard]] bool settled() const { return unsettled_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] Assignment& assignment() const { return *assignment_; }
  [[nodiscard]] JobPool& pool() const { return *pool_; }
  // From which on start() left the shares to the listener; valid in the handler of its mail.
  [[nodiscard]] std::uint32_t unsent_from() const { return unsent_from_; }

 private:
  friend void intrusive_ptr_add_ref(RunningBatch* batch) noexcept {
    batch->references_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(RunningBatch* batch) noexcept {
    // Acquire and release: the last one to go sees all that the others did.
    if (batch->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete batch;
  }
  // Runs a share that is counted in, and counts it out. What was armed behind and is a single share comes back: it
  // is this worker's to run next.
  BatchPtr run_once(Share& share) noexcept;
  // An attempt has ended: its job is counted out. Returns what run_once() does.
  BatchPtr end(Share& share, ConsumerSlot::Attempt attempt) noexcept;
  BatchPtr settle_one();
  void count_in(std::uint32_t jobs);
  void submit_all();  // shares that are counted in
  void assign_shares(std::span<const core::ShareSpan> spans, std::span<const Message> messages);
  static RunningBatch* closed();

  // constant after construction
  std::shared_ptr<Assignment> assignment_;
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<JobPool> pool_;

  // the listener's until the start, then fixed until the end
  std::vector<Message> gathered_;
  std::size_t copied_ = 0;  // of gathered_, from the front: in memory of their own
  std::vector<core::KeyId> keys_;
  std::vector<Message> laid_out_;
  Time ready_at_{};
  std::vector<core::ShareSpan> spans_;
  std::unique_ptr<Share[]> shares_;
  std::uint32_t share_count_ = 0;
  std::uint32_t share_capacity_ = 0;
  std::uint32_t unsent_from_ = 0;
  std::vector<Message> collapsed_;
  std::unique_ptr<Share[]> former_shares_;  // tickets that are inert know them
  std::uint32_t former_count_ = 0;
  Offset former_told_ = kNoOffset;  // the last offset of theirs that a commit will tell of
  bool parks_ = false;              // the listener's

  // shared
  std::atomic<std::uint32_t> unsettled_{0};
  std::atomic<std::uint32_t> references_{0};
  std::atomic<RunningBatch*> armed_{nullptr};
  std::atomic<bool> kept_{false};
  std::atomic<bool> watched_{false};
  std::atomic<Duration::rep> began_at_{0};  // 0: not known
};

}  // namespace braid::engine
