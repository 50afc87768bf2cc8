#pragma once

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace braid::core {

using braid::OffsetRange;

// Which offsets of one assignment are done, and so what may be committed.
// Thread: the owner of the assignment's flow. Reads move a cached hint, so not even they may run side by side.
//
// A ring of bits in which 1 means open: delivered and not done. What was never delivered (compaction, transaction
// markers) is a 0 like what is done, and so holds nothing back by construction.
//
//            position()                        highest_delivered()
//               |                                      |
//   0 0 0 0 0 0 1 0 0 0 1 1 0 1 0 0 0 0 1 1 0 0 0 0 0 1   (nothing is set outside of these two)
//               |--------------- window() -------------|
//
// Memory is a bit an offset of the window, from 1,024 bits up by doubling; it is kept until shrink(). Everything
// costs O(1) amortised a message, or O(1) a 64 offsets for ranges; a jump over absent offsets, once there is
// something open before it, costs as though they had been delivered as a range.
class OffsetLedger {
 public:
  static constexpr std::size_t kMaxWindowDefault = std::size_t{16} << 20;
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  // start: the position that the assignment reads from, at least 0. max_window: how many offsets there may be from
  // the lowest open one to the highest delivered one, both included; at least 1.
  explicit OffsetLedger(CommitPosition start, std::size_t max_window = kMaxWindowDefault);

  // Whether the window leaves room for this offset. Always true while nothing is open.
  [[nodiscard]] bool can_deliver(Offset offset) const;
  // The offset is open from here on. Requires can_deliver(offset) and offset >= next_deliverable().
  void deliver(Offset offset);
  // The same for each offset from first to last; and there must be room for all of them at once.
  void deliver_range(Offset first, Offset last);
  // The lowest offset that may still be delivered: above all delivered ones, not below start or an advance_to().
  [[nodiscard]] Offset next_deliverable() const { return {next_}; }

  // The offset is done. False, and without effect, if it is not open: never delivered, or done before.
  bool done(Offset offset);
  // Every open offset from first to last is done. Returns how many these were.
  std::size_t done_range(Offset first, Offset last);

  // The lowest open offset; if there is none, the highest delivered one + 1 (all of them are done, then), or what
  // advance_to() made of it. Never below start and never moves back.
  [[nodiscard]] CommitPosition position() const;
  // Moves the position over trailing offsets that will never be delivered. True if it moved: ignored, and not kept
  // for later, while something is open (what is open decides) or when it would move back.
  bool advance_to(CommitPosition position);

  [[nodiscard]] std::size_t open_count() const { return open_; }
  [[nodiscard]] bool is_open(Offset offset) const;
  [[nodiscard]] std::optional<Offset> lowest_open() const;
  [[nodiscard]] std::optional<Offset> highest_delivered() const;
  [[nodiscard]] std::optional<Offset> highest_done() const;
  // How many offsets there are from the lowest open one to the highest delivered one; 0 when nothing is open.
  [[nodiscard]] std::size_t window() const;
  [[nodiscard]] std::size_t max_window() const { return static_cast<std::size_t>(max_window_); }

  // Calls callback(OffsetRange) for each run of offsets that are not open, between the position and the highest
  // done offset, ascending, at most `limit` times. Absent offsets are like done ones in this: they join runs, and a
  // run may consist of them alone.
  template <class Callback>
  void for_each_done_range(Callback&& callback, std::size_t limit = kNoLimit) const;
  // The runs of open offsets below the highest done one: what holds the position back, and what a restart from the
  // position has to repeat. At most `limit` of them, ascending.
  [[nodiscard]] std::vector<OffsetRange> gaps(std::size_t limit = kNoLimit) const;

  // Gives memory back if nothing is open; for an idle partition, not for between two batches.
  void shrink();
  [[nodiscard]] std::size_t memory_bytes() const { return words_.capacity() * sizeof(std::uint64_t); }

 private:
  [[nodiscard]] std::uint64_t& word(std::int64_t number) {
    return words_[static_cast<std::size_t>(number) & (words_.size() - 1)];
  }
  [[nodiscard]] std::uint64_t word(std::int64_t number) const {
    return words_[static_cast<std::size_t>(number) & (words_.size() - 1)];
  }
  // Both require that something is open; they yield highest_ + 1 where there is none.
  [[nodiscard]] std::int64_t next_open(std::int64_t from) const;
  [[nodiscard]] std::int64_t next_not_open(std::int64_t from) const;
  [[nodiscard]] bool fits(std::int64_t last) const;
  void admit(std::int64_t first, std::int64_t last);
  void refresh_low() const;
  void grow(std::int64_t last);

  std::vector<std::uint64_t> words_;  // a power of two of them, or none; offset o is bit o % 64 of word(o / 64)
  std::int64_t max_window_;
  std::size_t open_ = 0;
  // With nothing open, the position. Above all delivered offsets.
  std::int64_t next_;
  std::int64_t highest_ = -1;       // delivered; -1: none
  std::int64_t highest_done_ = -1;  // -1: none
  // No open offset is below; the ring holds the words from this one's to the highest delivered one's. Only exact
  // after refresh_low().
  mutable std::int64_t low_;
};

template <class Callback>
void OffsetLedger::for_each_done_range(Callback&& callback, std::size_t limit) const {
  if (open_ == 0) return;
  refresh_low();
  for (std::int64_t open = low_; limit > 0 && open < highest_done_; --limit) {
    const std::int64_t first = next_not_open(open);
    if (first > highest_done_) return;
    open = next_open(first);
    callback(OffsetRange{{first}, {open <= highest_done_ ? open - 1 : highest_done_}});
  }
}

}  // namespace braid::core
