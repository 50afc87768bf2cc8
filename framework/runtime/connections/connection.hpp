#pragma once

#include "engine/listener/left_share.hpp"
#include "engine/listener/listener_thread.hpp"

#include <braid/result.hpp>
#include <braid/routing/routes.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

// What the supervisor of connections needs of them: listeners on real clients in production, a test's own else.

namespace braid::runtime {

// Where a connection belongs. Both numbers are used again when it comes back, so that it keeps its names.
struct ConnectionPlace {
  const routing::ConsumerGroup* group = nullptr;
  const routing::SubscriptionGroup* subscription_group = nullptr;
  std::uint32_t number = 0;  // within its subscription group
  std::uint32_t of_all = 0;  // within the application: of its thread and its client
};

// One client and its listener's thread, from the start to the end; a restart makes another one.
// Thread: the supervisor's.
class Connection {
 public:
  using State = engine::ListenerThread::State;
  struct Load {
    bool joined = false;  // the group has told it what it holds, be it nothing, and it is not quiet
    std::uint32_t partitions = 0;
    std::uint64_t waiting = 0;  // messages of these that it has not taken
  };

  virtual ~Connection() = default;
  // Looks for a broker, and joins the group. May throw where the system has no threads or descriptors left.
  virtual void start() = 0;
  [[nodiscard]] virtual State state() const = 0;
  // Why it is failing, or has ended by itself.
  [[nodiscard]] virtual std::optional<Error> failure() const = 0;
  // Whether it has been running, however briefly, be it over.
  [[nodiscard]] virtual bool has_run() const = 0;
  // Tells whether it still goes on by itself, behind join() too, and though it is destroyed.
  [[nodiscard]] virtual std::function<bool()> goes_on() const = 0;
  [[nodiscard]] virtual Load load() const = 0;
  // It drains and leaves, all before the deadline. The second call may only bring that forward. `at_once`: see
  // Listener::stop().
  virtual void request(engine::Command::Kind kind, engine::Time deadline, bool at_once) = 0;
  // After its end; or before, and then whatever it still does it does alone. Returns what was left behind.
  virtual engine::LeftBehind join() = 0;
};

class ConnectionFactory {
 public:
  virtual ~ConnectionFactory() = default;
  // An error of kind invalid_setting where the client refuses its settings. Connects to nothing yet. `changed` is
  // notified of each change of its state.
  virtual Result<std::unique_ptr<Connection>> make(const ConnectionPlace& place,
                                                   std::shared_ptr<engine::Notifier> changed) = 0;
};

}  // namespace braid::runtime
