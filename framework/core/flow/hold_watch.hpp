#pragma once

#include "core/time.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <deque>
#include <optional>

namespace braid::core {

// Tells which messages of a partition are held for long, so that they are worth a copy out of the memory that they
// came in, which they keep as a whole. Held for long is one for a time; or one past which so many bytes have come
// that they, long freed themselves, may be kept in memory by the few that still are held.
//
// Messages come in the order of their offsets, so an offset says when one came, and none needs a time of its own:
//
//        copied            marks, each with its time            last
//   ───────┴──────────────────┴──────────┴──────────┴─────────────┘  offsets, and bytes, of all that came
//   what is held up to here is in memory of its own
//
// Thread: none; pure. Owned by the runner of its partition, for one assignment.
class HoldWatch {
 public:
  struct Settings {
    Duration copy_after{};
    std::size_t spare_bytes = 0;  // so much may be kept in memory beyond what is held
  };
  explicit HoldWatch(const Settings& settings) : settings_(settings) {}

  // Behind a take: the last message's offset, and the bytes of all that were taken.
  void taken(Offset last, std::size_t bytes);

  // Looks at the time: now and then. Held for long is then what has been for copy_after, and a quarter of it or a
  // look's time more at most.
  void look_at(Time now);
  // Looks at the bytes: behind a take. `held`: of the messages that are held and not copied.
  void look_at_bytes(std::size_t held);

  // Up to there messages are held for long, or are copied; none so far. Never moves back.
  [[nodiscard]] std::optional<Offset> through() const { return due_ ? due_->last : copied_; }
  // There is one that through() covers and done() has not seen.
  [[nodiscard]] bool due() const { return due_.has_value(); }
  // Those that are held up to through() have been copied.
  void done();

 private:
  struct Mark {
    Offset last;            // of the messages that had come by then
    std::size_t bytes = 0;  // of them all
    Time at{};
  };
  void advance_to(const Mark& mark);
  [[nodiscard]] std::size_t came_since_copied() const { return bytes_ - copied_bytes_; }

  Settings settings_;
  std::optional<Offset> last_;
  std::size_t bytes_ = 0;  // of all that came
  std::optional<Offset> copied_;
  std::size_t copied_bytes_ = 0;  // of all that came by then
  std::optional<Mark> due_;
  std::optional<Mark> half_;  // when half of spare_bytes had come since: what is copied when all of it has
  std::deque<Mark> marks_;    // at least a quarter of copy_after apart, so there are few
};

}  // namespace braid::core
