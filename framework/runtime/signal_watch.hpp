#pragma once

#include <functional>
#include <memory>

namespace braid::runtime {

// Watches SIGINT and SIGTERM while it lives: the first one calls `first`, on a thread of its own; the second ends
// the process at once, with the status 128 + signal. One at a time in a process.
// Thread: the owner's. `first` runs on the watch's own (braid-signals), which the destructor joins: it must be
// quick and must not destroy the watch.
class SignalWatch {
 public:
  explicit SignalWatch(std::function<void(int signal)> first);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid::runtime
