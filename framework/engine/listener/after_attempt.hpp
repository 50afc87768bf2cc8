#pragma once

#include "core/offsets/partition_offsets.hpp"
#include "engine/listener/letter_outbox.hpp"
#include "engine/listener/partition_runner.hpp"
#include "engine/listener/share_offsets.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace braid::engine {

// What a runner does with its shares, as attempts of them have ended. Thread: the listener's.
class ShareRunner {
 public:
  // When it is due, and not before it is asked to retry.
  virtual void try_again(Share& share, Time due) = 0;
  // What is left of it, at once.
  virtual void go_on(Share& share) = 0;
  // What is left of it is given up.
  virtual void drop(Share& share) = 0;

 protected:
  ~ShareRunner() = default;
};

// Carries out what was decided of attempts that did not end their shares, whatever the flow: sends dead letters,
// and when these are acknowledged, or at once where there are none, goes on, waits, or gives up.
// Thread: the listener's. A part of its runner.
class AfterAttempt {
 public:
  AfterAttempt(std::shared_ptr<Assignment> assignment, const RunnerTools& tools, core::PartitionOffsets& offsets,
               ShareOffsets& share_offsets, ShareRunner& runner);
  ~AfterAttempt();
  AfterAttempt(const AfterAttempt&) = delete;
  AfterAttempt& operator=(const AfterAttempt&) = delete;

  // Of one of the runner's present shares.
  void handle(Share& share, Time now);
  void handle(const LetterAnswer& answer, Time now);
  void turn(Time now);
  // The sooner of both.
  [[nodiscard]] std::optional<Time> sooner(std::optional<Time> other) const;
  // How many offsets are open though their messages are held no more: those that are parked, or were and are on
  // their way to dead letters.
  [[nodiscard]] std::size_t parked() const { return parked_.letters.size() + unparked_.size(); }
  [[nodiscard]] bool letters_out_of(const Share& share) const { return outbox_.holds_of(share); }
  [[nodiscard]] std::size_t letters_out() const { return outbox_.size(); }
  // Nothing is retried or sent any more; what ends well goes on.
  void refuse();

 private:
  void follow(Share& share, Time now);
  void park(Share& share);
  void keep_bounds();
  [[nodiscard]] std::size_t most_parked() const;
  // So many that were parked are on their way already that one more has to wait for its letter itself.
  [[nodiscard]] bool letters_pile_up() const;
  void note_parked(int change);

  std::shared_ptr<Assignment> assignment_;
  RunnerTools tools_;
  core::PartitionOffsets& offsets_;
  ShareOffsets& share_offsets_;
  ShareRunner& runner_;
  LetterOutbox outbox_;
  // By offset: what they are as dead letters, if there is no room.
  struct {
    std::map<std::int64_t, DeadLetter> letters;
    std::size_t bytes = 0;
  } parked_;
  // Letters of those on their way, by offset: their bytes.
  std::map<std::int64_t, std::size_t> unparked_;
  std::size_t unparked_bytes_ = 0;
  bool parking_told_ = false;
  bool refuses_ = false;
};

}  // namespace braid::engine
