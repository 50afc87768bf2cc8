#include "apps/braid/src/swarm_plan.hpp"

#include <braid/routing/pause.hpp>

#include <algorithm>
#include <csignal>
#include <utility>

namespace braid::app {
namespace {

using std::chrono::milliseconds;

std::string seconds(milliseconds duration) {
  const auto tenths = duration.count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes / (1024 * 1024)) + " MiB";
}

milliseconds backoff_of(const SwarmRules& rules, std::uint32_t failures) {
  const auto backoff =
      routing::exponential(std::min(rules.backoff, rules.backoff_max), rules.backoff_max, 2.0, 0.0);
  return std::chrono::duration_cast<milliseconds>(routing::pause_behind(backoff, failures));
}

}  // namespace

std::string to_text(const ChildStatus& status) {
  return status.signal ? "by signal " + std::to_string(*status.signal) : "with " + std::to_string(status.code);
}

SwarmPlan::SwarmPlan(const SwarmRules& rules, SwarmTime now) : rules_(rules), nodes_(rules.processes) {
  for (Node& node : nodes_) node.due = now;
}

bool SwarmPlan::alive(const Node& node) {
  return node.phase != Phase::waiting && node.phase != Phase::starting && node.phase != Phase::over;
}

void SwarmPlan::note(std::uint32_t node, const std::string& text) {
  notes_.push_back("node " + std::to_string(node) + " " + text);
}

void SwarmPlan::send(std::uint32_t node, int number) {
  orders_.push_back({SwarmOrder::Kind::send, node, number});
}

// What is suspended could not end: it is woken.
void SwarmPlan::stop(std::uint32_t node, int number, SwarmTime now) {
  send(node, number);
  send(node, SIGCONT);
  nodes_[node].phase = Phase::stopping;
  nodes_[node].due = now + rules_.stop_timeout;
}

void SwarmPlan::kill(std::uint32_t node) {
  send(node, SIGKILL);
  nodes_[node].phase = Phase::dying;
  ++nodes_[node].report.killed;
}

void SwarmPlan::handle_started(std::uint32_t number, SwarmTime now) {
  Node& node = nodes_.at(number);
  node.phase = Phase::running;
  node.started = now;
  node.last_beat.reset();
  node.why = Why::none;
  ++node.report.starts;
  if (stop_signal_) stop(number, *stop_signal_, now);
}

void SwarmPlan::handle_start_failed(std::uint32_t number, const std::string& why, SwarmTime now) {
  Node& node = nodes_.at(number);
  node.started = now;
  ++node.report.start_failures;
  node.report.ended_well = false;
  start_again(number, true, "could not be started (" + why + ")", now);
}

void SwarmPlan::handle_ended(std::uint32_t number, const ChildStatus& status, SwarmTime now) {
  Node& node = nodes_.at(number);
  const Why why = std::exchange(node.why, Why::none);
  const bool killed = node.phase == Phase::dying;
  ++node.report.ends[to_text(status)];
  if (stop_signal_) {
    // A program without a handler ends by the signal itself, which is as good.
    node.report.ended_well = status.success() || (!killed && status.signal == stop_signal_);
    node.phase = Phase::over;
    note(number, "ended " + to_text(status));
    return;
  }
  node.report.ended_well = status.success() || why == Why::memory;
  const std::string what = "ended " + to_text(status);
  if (why == Why::memory) {
    node.why = Why::memory;  // until it is back
    start_again(number, false, what + ", to be smaller", now);
  } else if (why == Why::stuck) {
    start_again(number, true, what + ", having been stuck", now);
  } else if (!status.success()) {
    ++node.report.crashed;
    start_again(number, true, what, now);
  } else {
    ++node.report.finished;
    if (rules_.restart_finished) return start_again(number, false, what, now);
    node.phase = Phase::over;
    note(number, what + ": it has finished, and is not started again");
  }
}

void SwarmPlan::start_again(std::uint32_t number, bool failed, const std::string& what, SwarmTime now) {
  Node& node = nodes_[number];
  const bool stable = now - node.started >= rules_.stable_after;
  if (stable) node.failures = 0;
  // What ends soon after its start waits longer each time, whatever ended it; or it would be started all the time.
  milliseconds delay{0};
  if (failed || !stable) delay = backoff_of(rules_, ++node.failures);
  if (stop_signal_) {
    node.phase = Phase::over;
    return note(number, what);
  }
  if (failed && rules_.max_failures > 0 && node.failures >= rules_.max_failures) {
    node.phase = Phase::over;
    node.report.given_up = true;
    return note(number, what + ": " + std::to_string(node.failures) + " failures in a row, it is given up");
  }
  node.phase = Phase::waiting;
  node.due = now + delay;
  note(number, what + "; started again " + (delay.count() == 0 ? std::string("at once") : "in " + seconds(delay)));
}

void SwarmPlan::handle_beat(std::uint32_t number, SwarmTime now) {
  Node& node = nodes_.at(number);
  if (!alive(node)) return;
  node.last_beat = now;
  if (node.phase != Phase::dumping) return;
  node.phase = Phase::running;
  node.why = Why::none;
  note(number, "moves again");
  if (stop_signal_) stop(number, *stop_signal_, now);
}

void SwarmPlan::handle_last_beat(std::uint32_t number) {
  nodes_.at(number).last_beat.reset();
}

bool SwarmPlan::restarts_for_memory() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.why == Why::memory; });
}

void SwarmPlan::handle_resident(std::uint32_t number, std::uint64_t bytes, SwarmTime now) {
  Node& node = nodes_.at(number);
  if (rules_.memory_limit == 0 || bytes <= rules_.memory_limit || stop_signal_) return;
  if (node.phase != Phase::running || restarts_for_memory()) return;
  node.why = Why::memory;
  ++node.report.over_memory;
  note(number, "has grown to " + mebibytes(bytes) + ", over " + mebibytes(rules_.memory_limit) + ": told to end");
  stop(number, SIGTERM, now);
}

void SwarmPlan::handle_signal(int number, SwarmTime now) {
  const bool ends = number == SIGTERM || number == SIGINT;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!ends) {
      if (alive(node)) send(i, number);
    } else if (stop_signal_) {
      if (alive(node) && node.phase != Phase::dying) kill(i);
    } else if (node.phase == Phase::running) {
      stop(i, number, now);
    } else if (node.phase == Phase::waiting) {
      node.phase = Phase::over;
    }
  }
  if (ends && !stop_signal_) stop_signal_ = number;
}

void SwarmPlan::turn_node(std::uint32_t number, SwarmTime now) {
  Node& node = nodes_[number];
  if (node.phase == Phase::running && node.last_beat && rules_.stuck_after.count() > 0 &&
      now >= *node.last_beat + rules_.stuck_after) {
    node.why = Why::stuck;
    ++node.report.stuck;
    note(number,
         "has sent no heartbeat for " + seconds(rules_.stuck_after) + ": it is stuck, and asked for a dump");
    send(number, SIGTTIN);
    node.phase = Phase::dumping;
    node.due = now + rules_.dump_wait;
    return;
  }
  if (node.phase == Phase::running || node.phase == Phase::over || now < node.due) return;
  switch (node.phase) {
    case Phase::waiting:
      node.phase = Phase::starting;
      orders_.push_back({SwarmOrder::Kind::start, number, 0});
      return;
    case Phase::dumping:
      note(number, "is still stuck: ended by SIGABRT");
      send(number, SIGABRT);
      send(number, SIGCONT);
      node.phase = Phase::aborting;
      node.due = now + rules_.abort_wait;
      return;
    case Phase::stopping:
      note(number, "has not ended within " + seconds(rules_.stop_timeout) + ": killed");
      return kill(number);
    case Phase::aborting:
      note(number, "has not ended by SIGABRT: killed");
      return kill(number);
    default:
      return;
  }
}

std::vector<SwarmOrder> SwarmPlan::turn(SwarmTime now) {
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) turn_node(i, now);
  return std::exchange(orders_, {});
}

std::vector<std::string> SwarmPlan::take_notes() {
  return std::exchange(notes_, {});
}

std::optional<SwarmTime> SwarmPlan::wakes_at() const {
  std::optional<SwarmTime> at;
  const auto consider = [&](SwarmTime time) { at = at ? std::min(*at, time) : time; };
  for (const Node& node : nodes_) {
    if (node.phase == Phase::running) {
      if (node.last_beat && rules_.stuck_after.count() > 0) consider(*node.last_beat + rules_.stuck_after);
    } else if (node.phase != Phase::starting && node.phase != Phase::dying && node.phase != Phase::over) {
      consider(node.due);
    }
  }
  return at;
}

bool SwarmPlan::over() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.phase == Phase::over; });
}

bool SwarmPlan::ended_well() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.report.ended_well; });
}

}  // namespace braid::app
