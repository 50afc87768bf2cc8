#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid::core {

// The state machine of one assigned partition under `flow: batch`: what to admit, hand over and retry.
// It knows numbers and times; batches and their shares are the engine's, offsets those of PartitionOffsets.
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
    bool arms = true;  // false: a batch is handed over only when nothing runs
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
  // So many joined the gathering batch; at most room().
  void gathered(std::size_t messages, Time now);
  // Instead of max_messages, from now on.
  void take_at_most(std::uint32_t messages) { settings_.max_messages = messages; }
  // There is nothing behind what was gathered: no use in waiting for more.
  void reached_end() { at_end_ = true; }
  // No more from now on, and no more attempts.
  void stop_admission() {
    admits_ = false;
    forget_retries();
  }

  [[nodiscard]] bool stopped() const { return !admits_; }

  // --- handing over

  [[nodiscard]] Step next(Time now) const;
  // When next() or take_due() may answer something else though nothing happened.
  [[nodiscard]] std::optional<Time> wakes_at() const;
  // The gathering batch, which is ready to start, takes no more: something waits for its end as it is.
  void seal() { sealed_ = true; }
  [[nodiscard]] bool sealed() const { return sealed_; }
  // True: nothing is handed over, since something else than batches has its turn.
  void hold(bool held) { held_ = held; }
  // What was gathered runs now.
  void started();
  void armed() { armed_ = true; }
  // The armed batch gathers again. Requires armed.
  void taken_back() { armed_ = false; }
  // What was gathered and not handed over is given up.
  void dropped();
  // Every share of the present batch has settled. The armed batch, if there is one, is the present one now.
  void settled();

  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] bool is_armed() const { return armed_; }
  [[nodiscard]] std::uint32_t gathering() const { return gathering_; }

  // --- attempts

  // A share of the present batch failed: it runs again when it is due; never, once admission has stopped.
  void failed(std::uint32_t share, Time due);
  // The shares that are due; they leave the schedule.
  [[nodiscard]] std::vector<std::uint32_t> take_due(Time now);
  [[nodiscard]] std::size_t waiting_for_retry() const { return retries_.size(); }
  // When this share runs again; none: it waits for no retry.
  [[nodiscard]] std::optional<Time> retry_of(std::uint32_t share) const;
  void forget_retries() { retries_.clear(); }

 private:
  [[nodiscard]] bool complete(Time now) const;

  struct Retry {
    Time due;
    std::uint32_t share;
  };

  Settings settings_;
  std::uint32_t gathering_ = 0;  // messages
  Time gathering_since_{};       // when the first of them was there
  bool at_end_ = false;
  bool admits_ = true;
  bool sealed_ = false;
  bool held_ = false;
  bool running_ = false;
  bool armed_ = false;  // implies running_ and gathering_ > 0
  std::vector<Retry> retries_;
};

}  // namespace braid::core
