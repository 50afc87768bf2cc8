#pragma once

#include "core/offsets/offset_ledger.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace braid::core {

// Everything about one assignment's offsets, whatever its flow: where it began, what is expected next, what was
// done already by whoever had the partition before, what is open, what may be committed, and the gaps that go with
// it.
//
//   done before     from the metadata of the commit that it started from: such messages are dropped when they come,
//                   and go on being told in our own metadata
//   expected        the next offset that may come from the client; below it is stale
//   ledger          from the first message on
//
// Thread: none; pure. Owned by the runner of its partition, for one assignment.
class PartitionOffsets {
 public:
  struct Start {
    std::optional<CommitPosition> position;  // none: the first message says
    std::vector<OffsetRange> done_before;    // ascending, apart, above the position
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
  // How many of these, from the front, the ledger's window can hold now.
  [[nodiscard]] std::size_t admissible(std::span<const Message> messages) const;
  // They are open from now on. Requires that they have passed, and are admissible; in order, none left out.
  void admit(std::span<const Message> messages);
  // There was nothing behind what was admitted. `end`, if known: where the log ends. Once nothing is open the
  // position moves there: over transaction markers and what else is never delivered. Returns whether offsets were
  // left out before it.
  bool reached_end(std::optional<CommitPosition> end);

  // --- settling

  void done(Offset offset);
  void done_range(Offset first, Offset last);

  // --- what follows from it

  // What may be committed; nothing before the first message where there was no start.
  [[nodiscard]] std::optional<CommitPosition> position() const;
  // The next offset to read; nothing before the first message where there was no start.
  [[nodiscard]] std::optional<CommitPosition> expected() const;
  [[nodiscard]] std::size_t open_count() const;
  [[nodiscard]] std::size_t window() const;
  // Runs of done offsets above the position, ascending, at most `limit`: what the metadata tells.
  [[nodiscard]] std::vector<OffsetRange> done_ranges(std::size_t limit) const;
};

}  // namespace braid::core
