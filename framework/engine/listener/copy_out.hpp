#pragma once

#include "core/flow/hold_watch.hpp"
#include "engine/ports/clock.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/running_batch.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace braid::engine {

// Copies messages that wait for long out of the fetch that they came in (`hold_copy_after`): one that waits would
// keep all of its fetch in memory, and so a few keep whatever passes them. The runner shows what waits; this says
// what of it is held for long, and how much is copied now.
//
//   if (const auto through = copies.begin_by_time(now, position)) {   // or begin_by_bytes(), behind a take
//     ...copy(), copy_batch() for what is held up to there...
//     copies.end();
//   }
//
// A round copies at most kMostARound messages, since the listener has others to serve; the next one goes on.
// Thread: the listener's. A part of its runner.
class CopyOut {
 public:
  static constexpr std::size_t kMostARound = 4096;

  explicit CopyOut(Assignment& assignment);

  // Behind a take: the last message's offset, and the bytes of all that were taken.
  void taken(Offset last, std::size_t bytes) {
    if (wanted_) watch_.taken(last, bytes);
  }

  // Begins a round: what is held up to the offset that it answers is to be copied. None: nothing is. `position`:
  // all below is done, so nothing of it is held.
  [[nodiscard]] std::optional<Offset> begin_by_time(Time now, std::optional<CommitPosition> position);
  // Only if so much has passed those that are held that it matters. `held`: their bytes, but for copies.
  [[nodiscard]] std::optional<Offset> begin_by_bytes(std::size_t held, std::optional<CommitPosition> position);
  void end();

  // Copies some that nobody else may look at. False: that was enough for this round.
  bool copy(std::span<Message> messages);
  // The same for the first of them, as many as this round has left.
  void copy_front(std::span<Message> messages) { copy(messages.first(std::min(left_, messages.size()))); }
  // Copies all of a batch, what is done of it too: it is freed as a whole. Not while anybody else has it: a job
  // that runs or is queued, a ticket, who keeps it.
  void copy_batch(RunningBatch& batch, Offset through);
  // It is worth taking back from where it is armed, to be copied.
  [[nodiscard]] bool wants(const RunningBatch& batch, Offset through) const;

 private:
  [[nodiscard]] std::optional<Offset> begin(std::optional<CommitPosition> position);

  Assignment& assignment_;
  const bool wanted_;
  core::HoldWatch watch_;
  std::size_t left_ = 0;  // messages that may still be copied in this round
};

}  // namespace braid::engine
