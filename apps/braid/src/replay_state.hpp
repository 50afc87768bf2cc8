#pragma once

#include "apps/braid/src/replay.hpp"
#include "apps/braid/src/replay_progress.hpp"

#include <braid/topic_positions.hpp>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <string>
#include <vector>

namespace braid::app {

// What a replay's listener, workers and watcher share. Thread: any.
class ReplayState {
 public:
  ReplayState(const ReplayOptions& options, const std::vector<PartitionPositions>& positions, std::ostream& out,
              std::ostream& err);

  // What becomes of a message, and so in which virtual partition it goes. On the listener.
  Fate fate_of(const Letter& letter);
  // Whether one more may be sent; false once the limit is reached or the end has come.
  bool take();
  [[nodiscard]] bool meant(const Letter& letter) const;
  // It has been acknowledged, or would have been sent.
  void replayed(const Letter& letter, const Replay& replay);
  void left(const Letter& letter);
  void at_end(PartitionNumber partition);
  // The first one counts, and ends the replay.
  void fail(const std::string& why);

  // Waits for the end: what was to be done is done, a failure, the limit, `timeout` without movement, or end().
  // `done_before` tells how many messages an earlier run had done.
  void wait(const std::function<std::uint64_t()>& done_before);
  // Ends the waiting from outside. Thread: any.
  void end();

  [[nodiscard]] ReplayOutcome outcome() const;

 private:
  void say_left(const Letter& letter, Verdict verdict);

  const ReplayOptions& options_;
  std::ostream& out_;
  std::ostream& err_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All below: guarded by mutex_.
  ReplayProgress progress_;
  LeftStretches stretches_;
  ReplayOutcome outcome_;
  std::uint64_t taken_ = 0;
  std::uint64_t said_ = 0;
  bool ended_ = false;
};

}  // namespace braid::app
