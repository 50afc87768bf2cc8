#pragma once

#include "engine/listener/left_share.hpp"
#include "engine/listener/listener.hpp"
#include "engine/listener/turn_watch.hpp"
#include "engine/threads/event_wake_up.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/threads/latch_flag.hpp"

#include <braid/result.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {

// The thread of one connection: reaches a broker, subscribes, and turns its listener until that has finished.
//
//   connecting ──▶ running ──▶ failing ──▶ ended
//        │             └──────────────────────▲
//        └─────────────────────────────────────┘ no broker answered
//
// Thread: the owner's, but for what says otherwise.
class ListenerThread {
 public:
  enum class State : std::uint8_t {
    connecting,
    running,
    failing,  // the listener brings itself to its end; see failure()
    ended,
  };
  // What the listener needs to live: made by the owner, around this thread's waiter and mailbox.
  using MakeListener = std::function<std::unique_ptr<Listener>(std::shared_ptr<Mailbox>, Waiter&)>;

  // `keeps`: whatever the listener's parts point to; held as long as the thread runs, which may be longer than the
  // owner wants to wait. `make` runs here. `changed` is notified of each change of the state.
  ListenerThread(std::string name, const MakeListener& make, std::shared_ptr<void> keeps,
                 std::shared_ptr<Notifier> changed);
  // Requires join(), if started.
  ~ListenerThread();
  ListenerThread(const ListenerThread&) = delete;
  ListenerThread& operator=(const ListenerThread&) = delete;

  // Starts the thread, which waits at most `connect_timeout` for a broker.
  void start(std::chrono::milliseconds connect_timeout);
  // Thread: any.
  [[nodiscard]] State state() const;
  // Why it is failing, or has ended by itself. None: it has not.
  [[nodiscard]] std::optional<Error> failure() const;
  // Whether it has been running, however briefly, be it over.
  [[nodiscard]] bool has_run() const;
  // Tells whether the thread still goes on, though this object may be gone by then. Thread: any.
  [[nodiscard]] std::function<bool()> goes_on() const;
  // The listener drains and leaves, all before the deadline; one that still looks for a broker gives that up.
  // `at_once`: see Listener::stop(). Thread: any.
  void request(Command::Kind kind, Time deadline, bool at_once = false);
  // Waits for the thread's end; at the deadline it is detached. Returns what was left behind, which is known before
  // the client has come to its end.
  LeftBehind join(Time deadline);
  // Where commands are posted. Thread: any.
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return shared_->mailbox; }

 private:
  struct Shared {
    std::shared_ptr<void> keeps;  // first: what the listener points to outlives it
    std::shared_ptr<Notifier> changed;
    std::shared_ptr<EventWakeUp> wake_up;
    std::optional<TurnWatch::Rounds> rounds;  // how it waits, counted
    std::shared_ptr<Mailbox> mailbox;
    std::unique_ptr<Listener> listener;  // the thread's, from start() on
    // Released by whoever asks for the end, acquired by the thread: nothing but the wish crosses.
    std::atomic<bool> given_up{false};
    LatchFlag finished;  // what is left is the client's end, which may take long where brokers are away
    LatchFlag ended;
    LeftBehind left_behind;  // written before `finished` is raised

    mutable std::mutex mutex;
    State state BRAID_GUARDED_BY(mutex) = State::connecting;
    bool has_run BRAID_GUARDED_BY(mutex) = false;
    std::optional<Error> failure BRAID_GUARDED_BY(mutex);

    void move_to(State next, std::optional<Error> why = {});
  };
  static void run(Shared& shared, std::chrono::milliseconds connect_timeout);
  static void turn_until_finished(Shared& shared);

  std::string name_;
  std::shared_ptr<Shared> shared_;
  std::jthread thread_;
};

}  // namespace braid::engine
