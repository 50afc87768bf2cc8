#pragma once

#include "engine/listener/turn_watch.hpp"
#include "engine/ports/log.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace braid::runtime {

// Tells whoever watches this process that it is well: a byte 'b' down a pipe about each second, while all listener
// threads turn (TurnWatch), and an 'e' at the end, behind which none is to be expected. A reader that does not read
// costs nothing: what the pipe has no room for is dropped.
// Thread: the owner's; it has one of its own (braid-beat), which the destructor joins.
class Heartbeat {
 public:
  static constexpr std::chrono::milliseconds kEach{1'000};

  // `descriptor`: the pipe's end for writing; not ours to close.
  Heartbeat(int descriptor, engine::TurnWatch& watch, std::chrono::milliseconds each = kEach);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // The process's one, shared by all of its applications; nullptr, and a warning, where the descriptor is no pipe
  // that can be written. From here on programs that this process starts do not inherit the pipe.
  static std::shared_ptr<Heartbeat> of_process(int descriptor, engine::Log& log);

 private:
  void run();

  const int descriptor_;
  engine::TurnWatch& watch_;
  const std::chrono::milliseconds each_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;  // under the mutex
  std::jthread thread_;  // joined before the rest goes
};

}  // namespace braid::runtime
