#pragma once

#include "engine/listener/listener.hpp"
#include "engine/threads/event_wake_up.hpp"
#include "engine/threads/latch_flag.hpp"

#include <braid/result.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {

// The thread of one connection: reaches a broker, subscribes, and turns its listener until that has finished.
// Thread: the owner's, but for request_stop().
class ListenerThread {
 public:
  // What the listener needs to live: made by the owner, around this thread's waiter and mailbox.
  using MakeListener = std::function<std::unique_ptr<Listener>(std::shared_ptr<Mailbox>, Waiter&)>;

  // `keeps`: whatever the listener's parts point to; held as long as the thread runs, which may be longer than the
  // owner wants to wait. `make` runs here.
  ListenerThread(std::string name, const MakeListener& make, std::shared_ptr<void> keeps);
  // Requires join(), if started.
  ~ListenerThread();
  ListenerThread(const ListenerThread&) = delete;
  ListenerThread& operator=(const ListenerThread&) = delete;

  // Starts the thread, which waits at most `connect_timeout` for a broker.
  void start(std::chrono::milliseconds connect_timeout);
  // Waits until the listener has subscribed, or could not.
  Result<void> connected();
  // The listener drains and leaves, all before the deadline. Thread: any.
  void request_stop(Time deadline);
  // Waits for the thread's end; at the deadline it is detached. Returns what was left behind, in words.
  std::vector<std::string> join(Time deadline);

 private:
  struct Shared {
    std::shared_ptr<void> keeps;  // first: what the listener points to outlives it
    std::shared_ptr<EventWakeUp> wake_up;
    std::shared_ptr<Mailbox> mailbox;
    std::unique_ptr<Listener> listener;  // the thread's, from start() on
    LatchFlag connected;
    Result<void> connect_outcome;  // written before `connected` is raised
    LatchFlag ended;
    std::vector<std::string> left_behind;  // written before `ended` is raised
  };
  static void run(const std::shared_ptr<Shared>& shared, std::chrono::milliseconds connect_timeout);

  std::string name_;
  std::shared_ptr<Shared> shared_;
  std::jthread thread_;
};

}  // namespace braid::engine
