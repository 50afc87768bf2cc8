#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/job_pool.hpp"
#include "engine/worker/job_cap.hpp"
#include "engine/worker/share_recovery.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>
#include <braid/record.hpp>
#include <braid/result.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {

class Deferral;
class MarkedOffsets;
class RunningBatch;
class ShareDeliveries;
struct ProducedRecord;

// A virtual partition's messages of one batch: what one job works on, again after a failure, until all are done.
//
// Thread: in the pool, the worker that runs it; else the listener. `marked` is read by the listener at any time.
class Share final : public Job {
 public:
  // Listener, before the batch starts.
  void assign(RunningBatch& batch, VirtualPartitionIndex virtual_partition, std::span<const Message> messages);

  [[nodiscard]] RunningBatch& batch() const { return *batch_; }
  [[nodiscard]] VirtualPartitionIndex virtual_partition() const { return virtual_partition_; }
  [[nodiscard]] std::span<const Message> messages() const { return messages_; }
  // Those that are not done, from the first one on.
  [[nodiscard]] std::span<const Message> unfinished() const { return messages_.subspan(marked()); }

  // How many from the front are done. Acquire: their effects are visible to who reads it. What is marked first and
  // its bound second: who raises the one has lowered the other before.
  [[nodiscard]] std::uint32_t marked() const {
    const std::uint32_t marked = marked_.load(std::memory_order_acquire);
    return std::min(marked, bound_.load(std::memory_order_acquire));
  }
  // Whoever works on it: release publishes what the user's code did for these messages. A ticket may mark from
  // several threads. Under manual offsets it counts for earlier shares of the virtual partition too; throws
  // std::invalid_argument behind the last message.
  void mark_through(Offset offset);
  // The same for a message that must be one of `messages`, or before them; throws std::invalid_argument if not. A
  // mark counts when `deliveries`, those of the marking attempt, have come; null: at once.
  void mark_one_of(std::span<const Message> messages, const Message& message, ShareDeliveries* deliveries);

  // --- what an attempt produces (share_produce.cpp)

  // Exactly once: it is sent when the attempt has ended, unless that fails; then only as far as marks have covered
  // it. Else it is sent now, and waited for as the settings say. `message`: what it is produced for, where that is
  // known. The call's thread, or its coroutine.
  Result<void> produce(const Record& record, const Message* message);
  // What is produced so far belongs to what is marked: it is sent whatever follows. From within the call.
  void keep_records();
  // The attempt has ended; the worker's, or who settles its ticket.
  void send_records();
  // How an attempt before, of an earlier generation, has failed all the same, once it had returned: a record of
  // that message, which is in hand then, was refused, and its transaction with it. What follows is decided of that
  // before user code has the message again. Null: there is none, or it was decided of. The worker's, before an
  // attempt, behind open_window().
  [[nodiscard]] std::exception_ptr refused_before();
  // What the present attempt waits for. Null: it has produced nothing, or nothing of that is waited for.
  [[nodiscard]] const std::shared_ptr<ShareDeliveries>& deliveries() const { return deliveries_; }
  // Made if need be, where anything is to be waited for. Within the call, or behind it the worker's.
  Result<void> keep_for_transaction(const Record& record, const Message* message);
  const std::shared_ptr<ShareDeliveries>& make_deliveries();
  void forget_deliveries() { deliveries_.reset(); }
  // Something of the attempt was not delivered, whatever else it has failed by. When all is reported.
  [[nodiscard]] bool lost_records() const;
  // Why something of the attempt was not delivered; that message is in hand then. Null: all of it was. Whose the
  // share is, when all is reported.
  [[nodiscard]] std::exception_ptr undelivered();

  // The attempt ended well: all of its window is done, unless marks alone say that (`offsets: manual`).
  void succeed();
  // Marks by way of the virtual partition, from other threads or other shares' code, count here too. Before each
  // attempt, and again when its turn has come: meanwhile more may be marked, which is not to begin again.
  void take_over_marks();
  // Null under automatic offsets.
  [[nodiscard]] MarkedOffsets* marks() const { return marks_; }
  void mark_all() { raise_marked(size()); }

  // Of this virtual partition all is done up to there, in this share and in those of earlier batches, and a commit
  // can tell so: not one that is parked.
  [[nodiscard]] Offset done_through() const;

  // 1 for the first attempt of its first unfinished message.
  [[nodiscard]] std::uint32_t attempt() const { return attempt_; }
  // --- what an attempt delivers

  // The worker's, before an attempt: finds its window, messages that lie side by side and are to be delivered. All
  // that is unfinished, up to the next one that was given up out of order; or one. False: there is nothing to
  // deliver.
  [[nodiscard]] bool open_window();
  [[nodiscard]] std::span<const Message> window() const {
    return messages_.subspan(window_from_, window_to_ - window_from_);
  }
  [[nodiscard]] std::uint32_t window_from() const { return window_from_; }
  [[nodiscard]] std::uint32_t window_to() const { return window_to_; }
  // User code has the window's messages: what fails from now on may be their fault.
  void note_delivered() { delivered_ = true; }
  [[nodiscard]] bool delivered() const { return delivered_; }

  // All that a batch had left, as one share: see RunningBatch::collapse(). The listener's, before it is sent.
  // `first`: whose first unfinished message is this one's; what was tried of it counts on.
  void begin_collapsed(const Share& first);
  [[nodiscard]] bool collapsed() const { return collapsed_; }

  // --- what an offset store records of it in a transaction of user code's; the worker's, within an attempt

  // The present attempt has sent records, for whose delivery it waits. Whoever finds it recorded would not.
  [[nodiscard]] bool has_produced() const { return produced_now_; }
  // A save of these messages was tried in a transaction, of which nobody has said yet that it was committed.
  void note_recorded(std::span<const OffsetRange> ranges) {
    recorded_ = window_to_;
    recorded_now_ = true;
    claims_.insert(claims_.end(), ranges.begin(), ranges.end());
  }
  // It may be that some of what is not done was recorded before.
  [[nodiscard]] bool recorded_before() const { return collapsed_ || said_done() < recorded_; }
  // What fails of this attempt is no message's fault, and none is done by its end: it is tried again behind
  // `pause`.
  void withdraw(Duration pause) {
    retry_after(pause);
    delivered_ = false;
  }

  // --- explicit outcomes; user code's, within an attempt

  // Throw std::invalid_argument for a message that is not one of the window's unfinished ones.
  void skip(const Message& message);
  void dead_letter(const Message& message, std::string reason);
  void retry_after(Duration pause);
  // What the present attempt has said of messages behind its last mark is as though it had not been said.
  void withdraw_said();

  // --- what was given up of it, and what follows an attempt; whose the share is

  // How many from the front user code has said to be done, whatever is on its way to dead letters before them.
  [[nodiscard]] std::uint32_t said_done() const {
    return std::max(marked_.load(std::memory_order_acquire), passed_);
  }
  // Null as long as all went well.
  [[nodiscard]] ShareRecovery* recovery() const { return recovery_.get(); }
  ShareRecovery& make_recovery();
  // The first message that is neither done nor given up; size() where there is none.
  [[nodiscard]] std::uint32_t first_unfinished() const;
  // How many are neither done nor given up.
  [[nodiscard]] std::uint32_t count_unfinished() const;
  [[nodiscard]] std::uint32_t count_given_up() const;
  [[nodiscard]] bool is_given_up(std::uint32_t index) const;
  // A message on its way to dead letters: nothing from there on counts as marked before settle_bound().
  void hold_back(std::uint32_t index);
  void give_up(std::uint32_t index);
  // A letter has been acknowledged: its message is given up.
  void acknowledge(std::uint32_t index);
  // The listener has taken over the letter of a parked message, which is given up, and `parked`.
  void note_parked(std::uint32_t index);
  // Some of what held it back is gone, or was given up.
  void settle_bound();
  [[nodiscard]] bool is_parked(std::uint32_t index) const {
    return std::ranges::find(parked, index) != parked.end();
  }
  // The last of its messages that a commit will tell of, once it is done: not one that is parked. None: all are.
  [[nodiscard]] std::optional<Offset> last_told() const { return last_told_of(size()); }
  // The offset of the first message that is on its way to dead letters.
  [[nodiscard]] std::optional<Offset> held_back_from() const;
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(messages_.size()); }

  // What the last attempt threw; for the listener, after it learned of the failure.
  [[nodiscard]] const std::exception_ptr& failure() const { return failure_; }
  void failed_with(std::exception_ptr failure) { failure_ = std::move(failure); }
  // Attempts count for the first unfinished message and start anew when that moves: between attempts, and within
  // one that goes on to fail, which was the first one of what it failed at. False: it has not moved.
  bool count_anew();
  // Before it is submitted again.
  void begin_next_attempt();
  // Its place among the shares of its batch.
  [[nodiscard]] std::uint32_t index() const;

  // The credits of its topic's caps: taken by the listener before it is submitted, returned by the worker behind
  // its run, or by the listener if it could not be submitted. Returns the cap that has none left; nullptr: taken.
  [[nodiscard]] JobCap* take_credits();
  void return_credits();

  void run() noexcept override;
  // Its pool is gone, or was told to drop it: it leaves without having run.
  void abandon() noexcept override;

  // --- an attempt that is settled later than its call returns

  // The worker's, within the call. Throws std::logic_error the second time in an attempt. `is_ticket`: it is user
  // code's to settle, and may be overdue.
  std::shared_ptr<Deferral> defer(bool is_ticket);
  // The present attempt's, or the last one's; none if it was not deferred. For the worker that runs it, and for the
  // listener while waits_for_ticket().
  [[nodiscard]] const std::shared_ptr<Deferral>& deferral() const { return deferral_; }
  void forget_deferral() { deferral_.reset(); }
  // Its call has returned and its ticket is not settled; the listener looks at any time. Acquire and release: who
  // sees it sees the deferral.
  [[nodiscard]] bool waits_for_ticket() const { return waits_for_ticket_.load(std::memory_order_acquire); }
  void begin_wait_for_ticket() { waits_for_ticket_.store(is_ticket_, std::memory_order_release); }
  void end_wait_for_ticket() { waits_for_ticket_.store(false, std::memory_order_release); }

  // --- one message at a time

  // The message that the attempt works on, where that is known: what failed, if the attempt does. The worker's; the
  // listener's after it learned of the failure.
  void take_in_hand(const Message* message) { in_hand_ = message; }
  [[nodiscard]] const Message* in_hand() const { return in_hand_; }

  // When user code began with the present attempt, or the last one. The worker's; the listener's after it has
  // ended.
  void note_started(Time now) { started_at_ = now; }
  [[nodiscard]] Time started_at() const { return started_at_; }

  // The listener's own notes: how many of the marked ones the ledger knows of, and which of them it must not; when
  // it first saw the present attempt wait for its ticket, and whether it has said that this is overdue.
  std::uint32_t folded = 0;
  std::vector<std::uint32_t> parked;  // done as far as this share goes, but not to the ledger
  std::optional<Time> ticket_seen;
  bool ticket_reported = false;

 private:
  static constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
  // At once, or when these have come.
  void mark_behind(ShareDeliveries* deliveries, Offset offset);
  void mark_up_to(Offset offset);
  void raise_marked(std::uint32_t count);
  [[nodiscard]] OffsetRange origin_of(const Message* message) const;
  // Of so many from the front.
  [[nodiscard]] std::optional<Offset> last_told_of(std::uint32_t count) const;
  // Since the present attempt began: attempts count anew.
  [[nodiscard]] bool moved() const;
  [[nodiscard]] std::vector<OffsetRange> claimed() const;
  [[nodiscard]] std::uint32_t find_unfinished(const Message& message, const char* what) const;

  RunningBatch* batch_ = nullptr;
  std::unique_ptr<std::vector<ProducedRecord>> records_;
  std::size_t records_kept_ = 0;
  std::shared_ptr<ShareDeliveries> deliveries_;
  std::span<const Message> messages_;
  VirtualPartitionIndex virtual_partition_;
  MarkedOffsets* marks_ = nullptr;  // of the virtual partition; none under automatic offsets
  std::atomic<std::uint32_t> marked_{0};
  std::atomic<std::uint32_t> bound_{kUnbounded};  // the first message that is on its way to dead letters
  std::uint32_t passed_ = 0;                      // under manual offsets: attempts that ended well have had so many
  std::uint32_t window_from_ = 0;
  std::uint32_t window_to_ = 0;
  bool delivered_ = false;
  bool collapsed_ = false;
  std::uint32_t recorded_ = 0;       // messages from the front that an offset store was told of, at most
  bool recorded_now_ = false;        // by the present attempt
  std::vector<OffsetRange> claims_;  // likewise
  // What earlier transactions have failed by: so many messages from the front are decided of; and the end of the
  // window that an attempt had which has failed so. 0: the last one has not.
  std::uint32_t refused_told_ = 0;
  std::uint32_t refused_window_ = 0;
  bool produced_now_ = false;  // likewise: what is waited for
  std::unique_ptr<ShareRecovery> recovery_;
  std::uint32_t attempt_ = 1;
  std::uint32_t attempted_from_ = 0;   // the first unfinished message when the present attempt began
  std::uint32_t given_up_before_ = 0;  // messages, when the present attempt began
  std::exception_ptr failure_;
  bool credited_ = false;
  std::shared_ptr<Deferral> deferral_;
  std::atomic<bool> waits_for_ticket_{false};
  bool is_ticket_ = false;
  const Message* in_hand_ = nullptr;
  Time started_at_{};
};

}  // namespace braid::engine
