#pragma once

#include "core/offsets/offset_ledger.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace braid::core {

// Everything about one assignment's offsets, whatever its flow: where it began, what is expected next, what was
// done already by whoever had the partition before, what is open, what may be committed, and the gaps that go with
// it.
//
//   done before     from the metadata of the commit that it started from: such messages are dropped when they come,
//                   and go on being told in our own metadata
//   expected        the next offset that may come from the client; below it is stale
//   ledger          from the start on, or from the first message where there is none
//
//   client ──pass()──▶ waiting ──admit()──▶ open ──done()──▶ done
//             └──▶ dropped: stale, or done before
//
// What is said to be done before is believed of an offset only once the log has shown that it has it: the position
// moves over such an offset when its message, one behind it, or the end behind it has come. The log may have been
// cut since, and what is written there anew must not be skipped.
// Thread: none; pure. Owned by the runner of its partition, for one assignment.
class PartitionOffsets {
 public:
  struct Start {
    std::optional<CommitPosition> position;  // none: the first message says
    std::vector<OffsetRange> done_before;    // ascending, apart, from the position on; needs one
  };
  struct Passed {
    std::size_t stale = 0;        // below the expected offset: dropped
    std::size_t done_before = 0;  // dropped
    std::size_t jumps = 0;        // offsets were left out before so many messages
  };

  explicit PartitionOffsets(Start start, std::size_t max_window = OffsetLedger::kMaxWindowDefault);

  // --- admission

  // Looks at messages from `from` on: what is stale or done before moves to `dropped`, the rest stays, in order.
  Passed pass(std::vector<Message>& messages, std::size_t from, std::vector<Message>& dropped);
  // How many of these, from the front, the ledger's window can hold now, together.
  [[nodiscard]] std::size_t admissible(std::span<const Message> messages) const;
  // They are open from now on. Requires that they have passed, and are admissible; in order, none left out.
  void admit(std::span<const Message> messages);
  // There was nothing behind what has passed. `end`, if known: where the log ends. Once nothing is open the
  // position moves there: over transaction markers and what else is never delivered. What is said to be done before
  // from there on is forgotten: it was not there then. Returns whether offsets were left out before it.
  bool reached_end(std::optional<CommitPosition> end);

  // --- settling

  // Without effect on what is not open.
  void done(Offset offset);
  void done_range(Offset first, Offset last);

  // --- what follows from it

  // What may be committed; nothing before the first message where there was no start. Never moves back.
  [[nodiscard]] std::optional<CommitPosition> position() const;
  // The next offset to read; nothing before the first message where there was no start.
  [[nodiscard]] std::optional<CommitPosition> expected() const;
  [[nodiscard]] std::size_t open_count() const { return ledger_ ? ledger_->open_count() : 0; }
  [[nodiscard]] std::optional<Offset> lowest_open() const {
    return ledger_ ? ledger_->lowest_open() : std::nullopt;
  }
  [[nodiscard]] std::optional<Offset> highest_done() const {
    return ledger_ ? ledger_->highest_done() : std::nullopt;
  }
  [[nodiscard]] std::size_t window() const { return ledger_ ? ledger_->window() : 0; }
  // Runs of done offsets from the position on, ascending, apart, at most `limit`: what the metadata tells.
  [[nodiscard]] std::vector<OffsetRange> done_ranges(std::size_t limit) const;
  // Grows whenever position() or done_ranges() may have changed but by the arrival of messages: a commit is due.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  bool was_done_before(Offset offset);
  void enter_done_before(Offset below);
  void forget_done_before(CommitPosition from);
  void deliver(std::span<const Message> messages);
  void settle_trailing();

  std::size_t max_window_;
  std::optional<Offset> expected_;
  std::optional<OffsetLedger> ledger_;
  std::size_t waiting_ = 0;  // messages that have passed and are not admitted
  // All below has come or never will, but for what waits or is open: the position, once there is nothing of that.
  std::optional<CommitPosition> seen_to_;
  std::vector<OffsetRange> done_before_;
  std::size_t compared_ = 0;  // of done_before_: all of it is below the expected offset
  std::size_t entered_ = 0;   // of done_before_: the ledger knows, or has the position above it
  std::uint64_t revision_ = 0;
};

}  // namespace braid::core
