#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/job_pool.hpp"
#include "engine/worker/job_cap.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace braid::engine {

class Deferral;
class MarkedOffsets;
class RunningBatch;

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

  // How many from the front are done. Acquire: their effects are visible to who reads it.
  [[nodiscard]] std::uint32_t marked() const { return marked_.load(std::memory_order_acquire); }
  // Whoever works on it: release publishes what the user's code did for these messages. A ticket may mark from
  // several threads. Under manual offsets it counts for earlier shares of the virtual partition too; throws
  // std::invalid_argument behind the last message.
  void mark_through(Offset offset);
  // The same for a message that must be one of `messages`, or before them; throws std::invalid_argument if not.
  void mark_one_of(std::span<const Message> messages, const Message& message);
  // The attempt ended well: all is done, unless marks alone say that (`offsets: manual`).
  void succeed() {
    if (marks_ == nullptr) mark_all();
  }
  // Marks by way of the virtual partition, from other threads or other shares' code, count here too. Before each
  // attempt, and again when its turn has come: meanwhile more may be marked, which is not to begin again.
  void take_over_marks();
  // Null under automatic offsets.
  [[nodiscard]] MarkedOffsets* marks() const { return marks_; }
  void mark_all() { marked_.store(static_cast<std::uint32_t>(messages_.size()), std::memory_order_release); }

  // Of this virtual partition all is done up to there: in this share, and in those of earlier batches.
  [[nodiscard]] Offset done_through() const;

  // 1 for the first attempt of its first unfinished message.
  [[nodiscard]] std::uint32_t attempt() const { return attempt_; }
  // What the last attempt threw; for the listener, after it learned of the failure.
  [[nodiscard]] const std::exception_ptr& failure() const { return failure_; }
  void failed_with(std::exception_ptr failure) { failure_ = std::move(failure); }
  // Before it is submitted again. Attempts count for the first unfinished message and start anew when that moves.
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

  // The listener's own notes: how many of the marked ones the ledger knows of; when it first saw the present
  // attempt wait for its ticket, and whether it has said that this is overdue.
  std::uint32_t folded = 0;
  std::optional<Time> ticket_seen;
  bool ticket_reported = false;

 private:
  RunningBatch* batch_ = nullptr;
  std::span<const Message> messages_;
  VirtualPartitionIndex virtual_partition_;
  MarkedOffsets* marks_ = nullptr;  // of the virtual partition; none under automatic offsets
  std::atomic<std::uint32_t> marked_{0};
  std::uint32_t attempt_ = 1;
  std::uint32_t attempted_from_ = 0;  // `marked` when the present attempt began
  std::exception_ptr failure_;
  bool credited_ = false;
  std::shared_ptr<Deferral> deferral_;
  std::atomic<bool> waits_for_ticket_{false};
  bool is_ticket_ = false;
  const Message* in_hand_ = nullptr;
};

}  // namespace braid::engine
