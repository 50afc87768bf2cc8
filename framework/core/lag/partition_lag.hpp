#pragma once

#include "core/time.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace braid::core {

// What is known of a partition's offsets at one moment.
//
//   committed      position        highest done    expected                    end
//       │   stored     │  open, done  │     open      │     not taken yet        │
//   ────┴──────────────┴──────────────┴───────────────┴──────────────────────────┴──▶
//       ├────────────────────────── committed lag ───────────────────────────────┤
//                                     ├──────────────── processed lag ───────────┤
struct OffsetsNow {
  std::optional<CommitPosition> committed{};  // none: nothing is stored, or nobody knows
  std::optional<CommitPosition> position{};   // none: nothing has come yet
  std::optional<Offset> highest_done{};       // of this assignment; none: nothing is
  std::optional<CommitPosition> end{};        // of the log; none: nobody has said
};

// In offsets, which may be more than messages: of compacted and transactional topics some are never delivered.
struct PartitionLag {
  // What a restart would begin with: everything from the committed position on.
  std::optional<std::int64_t> committed;
  // What nobody has been through yet: behind the highest offset that is done, whatever is open below it.
  std::optional<std::int64_t> processed;
};

// None where the end, or where it begins, is not known; never less than 0, though the end may be known late.
[[nodiscard]] PartitionLag lag_of(const OffsetsNow& now);

// Since when offsets have been here: each was taken between two looks, so it says when to within one of them.
//
//   looks, each with the next offset that was expected then
//   ──────┴──────────────┴───────┴────────────┴───▶ offsets
//      t = 1            2       3            4       what is below the mark of 2 was here at 2, at the latest
//
// Bounded: where there are too many marks every second one goes, and from then on they are made half as often: the
// answer is that much less exact.
// Thread: none; pure. Owned for one assignment.
class TakenWatch {
 public:
  static constexpr std::size_t kMarksMost = 256;

  // Now and then. `oldest_open`: nobody will ask for what is before it; none: nothing is open.
  void look(std::optional<CommitPosition> expected, std::optional<Offset> oldest_open, Time now);
  // For how long it has been here; none: it is not known to be. Costs the logarithm of the marks.
  [[nodiscard]] std::optional<Duration> age(Offset offset, Time now) const;
  [[nodiscard]] std::size_t marks() const { return marks_.size(); }

 private:
  struct Mark {
    CommitPosition expected;
    Time at{};
  };
  std::deque<Mark> marks_;
  Duration apart_{};  // at least so much is between two of them
};

}  // namespace braid::core
