#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/log.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/share.hpp"

#include <optional>
#include <span>

namespace braid::engine {

// Finds deferred tickets that are overdue (`ticket_timeout`), reports them, and does what `on_ticket_timeout` says.
// A worker tells nobody that it deferred a share, so the runner looks now and then, an eighth of the timeout apart:
// so much later at the most is a ticket found.
//
// Thread: the listener's; owned by a runner.
class TicketWatch {
 public:
  TicketWatch(const Assignment& assignment, Log& log) : assignment_(&assignment), log_(&log) {}

  // Looks, if it is time. `running`: all shares that may have a ticket open.
  void look(std::span<Share> running, Time now);
  // The same for who has the shares elsewhere: true when it is time to look at each.
  [[nodiscard]] bool begin_look(Time now);
  void look_at(Share& share, Time now);
  // When look() has something to do next; never without a timeout.
  [[nodiscard]] std::optional<Time> wakes_at() const { return next_look_; }
  // That or `other`; `other` where nothing runs.
  [[nodiscard]] std::optional<Time> sooner(std::optional<Time> other, bool running) const;

 private:
  const Assignment* assignment_;
  Log* log_;
  std::optional<Time> next_look_;
};

}  // namespace braid::engine
