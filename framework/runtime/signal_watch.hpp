#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace braid::runtime {

// Watches signals while it lives. One at a time in a process.
//
//   SIGINT, SIGTERM   the first one calls `stop`; the second ends the process at once, with the status 128 + signal
//   SIGTSTP           calls `quiet`
//   SIGTTIN           calls `begin_dump`, then what that returned each 10 ms until it returns true, or the patience
//                     is over, which `late` says
//
// Thread: the owner's. The functions run on the watch's own (braid-signals), which the destructor joins: they must
// be quick, since a second SIGTERM waits behind them, and must not destroy the watch.
class SignalWatch {
 public:
  struct Actions {
    std::function<void(int signal)> stop;
    std::function<void()> quiet;
    using Poll = std::function<bool(bool late)>;  // true: it has been written
    std::function<Poll()> begin_dump;
  };
  static constexpr std::chrono::milliseconds kPatience{1000};

  explicit SignalWatch(Actions actions);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid::runtime
