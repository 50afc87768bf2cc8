#pragma once

#include "core/connections/restart_backoff.hpp"
#include "core/connections/scaling.hpp"
#include "engine/instrumentation/counters.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/log.hpp"
#include "runtime/connections/connection.hpp"

#include <braid/routing/routes.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid::events {
struct Connection;
}  // namespace braid::events

namespace braid::runtime {

// Owns the connections of all subscription groups: starts the first ones, restarts those that fail, adds and leaves
// some by their load, and stops all of them. None of that touches another connection than the one it is about.
//
//            start             its client is of no more use
//   free ───▶ starting ──▶ running ──▶ failing ──▶ waiting ──▶ starting ...
//    ▲            │           │                       ▲
//    │            └───────────┼───────────────────────┘ no broker answered, or it ended by itself
//    └── leaving ◀────────────┘ it holds no partition
//
// It has no thread and no loop of its own: who drives it calls turn() and then waits until wakes_at() or a
// notification. Thread: one, from start() on.
class ConnectionSupervisor {
 public:
  struct Settings {
    engine::Duration drain_on_revoke{};
  };
  struct Tools {
    ConnectionFactory* factory = nullptr;
    const engine::Clock* clock = nullptr;
    engine::Log* log = nullptr;
    std::shared_ptr<engine::Counters> counters;
    std::shared_ptr<engine::Notifier> notifier;  // wakes who drives it
    std::function<double()> random;              // from 0 to 1
  };

  // `routes` outlive it.
  ConnectionSupervisor(const routing::Routes& routes, Settings settings, Tools tools);
  // Requires that finished() holds, or that start() was not called.
  ~ConnectionSupervisor();
  ConnectionSupervisor(const ConnectionSupervisor&) = delete;
  ConnectionSupervisor& operator=(const ConnectionSupervisor&) = delete;

  // Makes the clients of the start, and starts nothing. Returns what was refused, of every group.
  [[nodiscard]] std::vector<std::string> make();
  void start();
  // Does all that is due, without waiting.
  void turn();
  // When turn() has something to do by time alone.
  [[nodiscard]] engine::Time wakes_at() const;

  // Whether all first connections run, or could not start.
  [[nodiscard]] bool started() const;
  // Why one of these could not; none is tried again then.
  [[nodiscard]] const std::optional<std::string>& start_failure() const { return start_failure_; }

  // All connections drain and leave, before the deadline; those that wait are not made any more. The second call
  // may only bring the deadline forward. `at_once`: see Listener::stop().
  void stop(engine::Time deadline, bool at_once = false);
  [[nodiscard]] bool finished() const;
  // What the stop has left, and what has been left before it and still goes on.
  [[nodiscard]] engine::LeftBehind left_behind() const;

 private:
  struct Seat {
    enum class Stage : std::uint8_t { free, starting, running, failing, leaving, waiting };
    ConnectionPlace place;
    Stage stage = Stage::free;
    bool first = false;  // of the start, and nothing is known of it yet
    std::unique_ptr<Connection> connection;
    core::RestartBackoff backoff;
    engine::Time until{};                   // failing, leaving: then it is left to itself; waiting: the next client
    std::optional<engine::Time> failed_at;  // until it runs again
  };
  // A connection that has not come to its end while the others ran on.
  struct Detached {
    std::vector<std::string> words;
    std::function<bool()> goes_on;
  };
  struct Group {
    const routing::ConsumerGroup* group = nullptr;
    const routing::SubscriptionGroup* subscription_group = nullptr;
    std::optional<core::Scaling> scaling;  // none: their number is fixed
    std::vector<Seat> seats;               // as many as there may be
  };

  // An error: it was not made, or not started.
  Result<void> make(Seat& seat);
  Result<void> start(Seat& seat);
  void step(Seat& seat, engine::Time now);
  void step_stopping(Seat& seat, engine::Time now);
  void note_running(Seat& seat, engine::Time now);
  void note_failing(Seat& seat, engine::Time now);
  void note_ended(Seat& seat, engine::Time now);
  // `why`: empty where it has been said.
  void wait(Seat& seat, engine::Time now, const std::string& why);
  void scale(Group& group, engine::Time now);
  void add(Group& group, Seat& seat, const core::Scaling::Decision& decision);
  void leave(Group& group, Seat& seat, const core::Scaling::Decision& decision, engine::Time now);
  void count() const;
  [[nodiscard]] static events::Connection event_place(const Seat& seat);
  [[nodiscard]] engine::EventHub& hub() const { return *tools_.counters->events; }
  void log(engine::LogLevel level, const Seat& seat, std::string_view text) const;

  Settings settings_;
  Tools tools_;
  std::vector<Group> groups_;
  engine::Time next_look_;
  std::optional<std::string> start_failure_;
  std::optional<engine::Time> stop_by_;
  bool stop_at_once_ = false;
  engine::LeftBehind left_behind_;  // by the stop
  std::vector<Detached> detached_;  // before it
};

}  // namespace braid::runtime
