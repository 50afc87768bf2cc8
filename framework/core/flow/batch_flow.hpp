#pragma once

#include "core/offsets/offset_ledger.hpp"
#include "core/time.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace braid::core {

// The state machine of one assigned partition under `flow: batch`: what to admit, hand over, retry and commit.
// It knows numbers, times and offsets; batches and their shares are the engine's.
//
//   gathering ──start──▶ present (runs)            at most one batch gathers while at most one runs
//       │                   │
//       └──arm──▶ armed ────┘ whoever settles the present's last share starts it
//
// Thread: none; pure. Owned by the runner of its partition, for one assignment.
class BatchFlow {
 public:
  struct Settings {
    std::uint32_t max_messages = 100;
    Duration max_wait{0};
    Duration retry_backoff{};
  };
  enum class Step : std::uint8_t {
    wait,   // nothing to hand over now; see wakes_at()
    start,  // hand the gathering batch over: nothing runs
    arm,    // place the gathering batch behind the one that runs
  };

  explicit BatchFlow(const Settings& settings) : settings_(settings) {}

  // --- admission

  // How many messages the gathering batch may still take.
  [[nodiscard]] std::uint32_t room() const;
  // How many of these, from the front, the ledger's window can hold now.
  [[nodiscard]] std::size_t admissible(std::span<const Message> messages) const;
  // They joined the gathering batch. Requires: at most room() and admissible() of them, offsets ascending.
  void gathered(std::span<const Message> messages, Time now);
  // There is nothing behind what was gathered: no use in waiting for more. `end`, if known: where the log ends.
  // Once nothing is open the position is moved there, over transaction markers and the like that are never
  // delivered.
  void reached_end(std::optional<CommitPosition> end);
  // No more from now on, and no more attempts.
  void stop_admission() {
    admits_ = false;
    forget_retries();
  }

  // --- handing over

  [[nodiscard]] Step next(Time now) const;
  // When next() or take_due() may answer something else though nothing happened.
  [[nodiscard]] std::optional<Time> wakes_at() const;
  // What was gathered runs now.
  void started();
  void armed() { armed_ = true; }
  // The armed batch gathers again. Requires armed.
  void taken_back() { armed_ = false; }
  // What was gathered and not handed over is given up; its offsets stay open, so the position stays below them.
  void dropped();
  // Every share of the present batch, offsets first to last, has settled. The armed batch, if there is one, is the
  // present one now.
  void settled(Offset first, Offset last);

  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] bool is_armed() const { return armed_; }
  [[nodiscard]] std::uint32_t gathering() const { return gathering_; }

  // --- attempts

  // A share of the present batch failed: it is due again after the backoff; never, once admission has stopped.
  void failed(std::uint32_t share, Time now);
  // The shares whose backoff is over; they leave the schedule.
  [[nodiscard]] std::vector<std::uint32_t> take_due(Time now);
  [[nodiscard]] std::size_t waiting_for_retry() const { return retries_.size(); }
  void forget_retries() { retries_.clear(); }

  // --- offsets

  // A message of the present batch is done though its batch has not settled.
  void done(Offset offset);
  // What may be committed; nothing before the first message was delivered.
  [[nodiscard]] std::optional<CommitPosition> position() const;
  [[nodiscard]] std::size_t open_count() const;

 private:
  [[nodiscard]] bool complete(Time now) const;
  void move_over_markers();

  struct Retry {
    Time due;
    std::uint32_t share;
  };

  Settings settings_;
  std::optional<OffsetLedger> ledger_;  // from the first message on
  std::uint32_t gathering_ = 0;         // messages
  Time gathering_since_{};              // when the first of them was there
  bool at_end_ = false;
  std::optional<CommitPosition> end_;  // the last end that was reached
  bool admits_ = true;
  bool running_ = false;
  bool armed_ = false;  // implies running_ and gathering_ > 0
  std::vector<Retry> retries_;
};

}  // namespace braid::core
