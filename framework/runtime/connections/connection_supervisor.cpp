#include "runtime/connections/connection_supervisor.hpp"

#include "core/assert.hpp"
#include "engine/instrumentation/event_hub.hpp"
#include "engine/listener/listener.hpp"

#include <braid/events.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <utility>

namespace braid::runtime {

namespace {

using namespace std::chrono_literals;
using engine::Command;
using engine::LogLevel;
using engine::Time;

// Listeners keep their deadlines themselves; a little later they have.
constexpr auto kGrace = 500ms;
constexpr auto kLook = 1s;

double seconds(engine::Duration time) {
  return std::chrono::duration<double>(time).count();
}

std::chrono::milliseconds milliseconds(engine::Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

}  // namespace

ConnectionSupervisor::ConnectionSupervisor(const routing::Routes& routes, Settings settings, Tools tools)
    : settings_(settings), tools_(std::move(tools)), next_look_(tools_.clock->now() + kLook) {
  std::uint32_t of_all = 0;
  for (const routing::ConsumerGroup& group : routes.consumer_groups) {
    for (const routing::SubscriptionGroup& subscription_group : group.subscription_groups) {
      const routing::Connections& connections = subscription_group.connections;
      Group& mine = groups_.emplace_back(Group{&group, &subscription_group, std::nullopt, {}});
      if (connections.dynamic()) {
        mine.scaling.emplace(
            core::Scaling::Settings{connections.least(), connections.most(), connections.scale_delay});
      }
      for (std::uint32_t i = 0; i < connections.most(); ++i) {
        mine.seats.emplace_back().place = {&group, &subscription_group, i, of_all++};
        mine.seats.back().first = i < connections.at_start();
      }
    }
  }
}

ConnectionSupervisor::~ConnectionSupervisor() {
  for (const Group& group : groups_) {
    for (const Seat& seat : group.seats) {
      BRAID_ASSERT(seat.stage == Seat::Stage::free || seat.stage == Seat::Stage::waiting,
                   "connections are stopped before their supervisor ends");
    }
  }
}

// --- making and starting

Result<void> ConnectionSupervisor::make(Seat& seat) {
  try {
    auto made = tools_.factory->make(seat.place, tools_.notifier);
    if (!made) return made.error();
    seat.connection = std::move(made).value();
    return {};
  } catch (const std::exception& failure) {
    return Error(Error::Kind::other, failure.what());
  }
}

Result<void> ConnectionSupervisor::start(Seat& seat) {
  try {
    seat.connection->start();
    seat.stage = Seat::Stage::starting;
    return {};
  } catch (const std::exception& failure) {
    seat.connection.reset();
    return Error(Error::Kind::other, failure.what());
  }
}

std::vector<std::string> ConnectionSupervisor::make() {
  std::vector<std::string> problems;
  for (Group& group : groups_) {
    for (Seat& seat : group.seats) {
      if (!seat.first) break;
      const auto made = make(seat);
      if (made) continue;
      problems.push_back(
          fmt::format("{} / {}: {}", group.group->id, group.subscription_group->id, made.error().text()));
      break;  // its other connections have the same
    }
  }
  return problems;
}

void ConnectionSupervisor::start() {
  for (Group& group : groups_) {
    for (Seat& seat : group.seats) {
      if (!seat.first) break;
      const auto began = start(seat);
      if (began) continue;
      seat.first = false;
      if (!start_failure_) start_failure_ = began.error().text();
    }
  }
}

bool ConnectionSupervisor::started() const {
  for (const Group& group : groups_) {
    if (std::ranges::any_of(group.seats, &Seat::first)) return false;
  }
  return true;
}

// --- each connection

void ConnectionSupervisor::turn() {
  const Time now = tools_.clock->now();
  for (Group& group : groups_) {
    for (Seat& seat : group.seats) {
      if (stop_by_) {
        step_stopping(seat, now);
      } else {
        step(seat, now);
      }
    }
  }
  if (!stop_by_ && now >= next_look_) {
    next_look_ = now + kLook;
    for (Group& group : groups_) scale(group, now);
  }
  std::erase_if(detached_, [](const Detached& each) { return !each.goes_on(); });
  count();
}

void ConnectionSupervisor::step(Seat& seat, Time now) {
  if (seat.stage == Seat::Stage::waiting) {
    if (now < seat.until) return;
    Result<void> outcome = make(seat);
    if (outcome) outcome = start(seat);
    if (outcome) {
      engine::Counters::add(tools_.counters->connection_restarts);
    } else {
      wait(seat, now, outcome.error().text());
    }
    return;
  }
  if (!seat.connection || seat.stage == Seat::Stage::free) return;
  const Connection::State state = seat.connection->state();
  if (seat.stage == Seat::Stage::starting && state == Connection::State::running) note_running(seat, now);
  const bool works = seat.stage == Seat::Stage::starting || seat.stage == Seat::Stage::running;
  if (works && state == Connection::State::failing) note_failing(seat, now);
  const bool ends = seat.stage == Seat::Stage::failing || seat.stage == Seat::Stage::leaving;
  if (state == Connection::State::ended || (ends && now >= seat.until)) note_ended(seat, now);
}

void ConnectionSupervisor::note_running(Seat& seat, Time now) {
  seat.stage = Seat::Stage::running;
  seat.first = false;
  seat.backoff.runs(now);
  hub().emit<events::ConnectionStarted>([&] {
    return events::ConnectionStarted{event_place(seat), milliseconds(now - seat.failed_at.value_or(now))};
  });
  if (!seat.failed_at) return;
  log(LogLevel::info, seat, fmt::format("is back, {:.1f} s after it failed", seconds(now - *seat.failed_at)));
  seat.failed_at.reset();
}

void ConnectionSupervisor::note_failing(Seat& seat, Time now) {
  seat.first = false;
  seat.stage = Seat::Stage::failing;
  seat.until = now + settings_.drain_on_revoke + engine::Listener::kEnd + kGrace;
  seat.failed_at = now;
  const auto why = seat.connection->failure();
  log(LogLevel::error, seat,
      fmt::format("has failed, and gets a new client once it has ended: {}",
                  why ? why->text() : "no reason known"));
  hub().emit<events::ConnectionFailed>([&] {
    return events::ConnectionFailed{event_place(seat), why ? why->kind() : Error::Kind::other,
                                    why ? why->text() : "no reason known"};
  });
}

// It has ended, by itself (perhaps before anybody saw it failing) or as it was told to, or it has had its time.
void ConnectionSupervisor::note_ended(Seat& seat, Time now) {
  const bool leaves = seat.stage == Seat::Stage::leaving;
  const bool said = seat.stage == Seat::Stage::failing;
  const auto failure = seat.connection->failure();
  const std::string why = failure ? failure->text() : "it has ended";
  // It may have run and failed before anybody looked.
  if (seat.connection->has_run()) seat.first = false;
  Detached detached{seat.connection->join().words, seat.connection->goes_on()};
  for (const std::string& left : detached.words) log(LogLevel::warning, seat, "left behind " + left);
  if (detached.goes_on()) detached_.push_back(std::move(detached));
  seat.connection.reset();
  if (leaves) {
    seat.stage = Seat::Stage::free;
    seat.failed_at.reset();
    return;
  }
  if (std::exchange(seat.first, false)) {
    if (!start_failure_) start_failure_ = why;
    seat.stage = Seat::Stage::free;
    return;
  }
  wait(seat, now, said ? std::string() : why);
}

void ConnectionSupervisor::wait(Seat& seat, Time now, const std::string& why) {
  if (!seat.failed_at) seat.failed_at = now;
  seat.stage = Seat::Stage::waiting;
  seat.connection.reset();
  const engine::Duration pause = seat.backoff.fails(now, tools_.random());
  seat.until = now + pause;
  hub().emit<events::ConnectionRestarting>([&] {
    return events::ConnectionRestarting{event_place(seat), milliseconds(pause)};
  });
  const std::string text = fmt::format("gets a new client in {:.1f} s", seconds(pause));
  if (why.empty()) {
    log(LogLevel::info, seat, text);
  } else {
    log(LogLevel::warning, seat, fmt::format("{}: {}", text, why));
  }
}

// --- their number

void ConnectionSupervisor::scale(Group& group, Time now) {
  if (!group.scaling || !started() || start_failure_) return;
  std::vector<core::ConnectionLoad> loads;
  for (const Seat& seat : group.seats) {
    if (seat.stage == Seat::Stage::free) continue;
    const bool runs = seat.stage == Seat::Stage::running;
    const auto load = runs ? seat.connection->load() : Connection::Load{};
    loads.push_back({seat.place.number, runs && load.joined, load.partitions, load.waiting});
  }
  const auto decision = group.scaling->decide(now, loads);
  using Change = core::Scaling::Decision::Change;
  if (decision.change == Change::more) add(group, group.seats.at(decision.number), decision);
  if (decision.change == Change::fewer) leave(group, group.seats.at(decision.number), decision, now);
}

void ConnectionSupervisor::add(Group& group, Seat& seat, const core::Scaling::Decision& decision) {
  log(LogLevel::info, seat,
      fmt::format(
          "is added: for {:.0f} s connection {} has held {} partitions, and {} messages wait there; at most "
          "{} connections",
          seconds(decision.since), decision.because.number, decision.because.partitions, decision.because.waiting,
          group.seats.size()));
  hub().emit<events::ConnectionAdded>([&] {
    return events::ConnectionAdded{event_place(seat), decision.because.waiting};
  });
  Result<void> outcome = make(seat);
  if (outcome) outcome = start(seat);
  if (!outcome) wait(seat, tools_.clock->now(), outcome.error().text());
}

void ConnectionSupervisor::leave(Group& group, Seat& seat, const core::Scaling::Decision& decision, Time now) {
  log(LogLevel::info, seat,
      fmt::format("is left: for {:.0f} s it has held no partition; at least {} connections",
                  seconds(decision.since), group.subscription_group->connections.least()));
  hub().emit<events::ConnectionLeaving>([&] { return events::ConnectionLeaving{event_place(seat)}; });
  seat.stage = Seat::Stage::leaving;
  const Time deadline = now + settings_.drain_on_revoke + engine::Listener::kEnd;
  seat.until = deadline + kGrace;
  seat.connection->request(Command::Kind::leave, deadline, false);
}

// --- the end

void ConnectionSupervisor::stop(Time deadline, bool at_once) {
  if (stop_by_ && *stop_by_ <= deadline && (stop_at_once_ || !at_once)) return;
  stop_by_ = std::min(stop_by_.value_or(deadline), deadline);
  stop_at_once_ = stop_at_once_ || at_once;
  for (Group& group : groups_) {
    for (Seat& seat : group.seats) {
      seat.first = false;
      if (seat.stage == Seat::Stage::free || seat.stage == Seat::Stage::waiting) {
        seat.stage = Seat::Stage::free;
        seat.connection.reset();
      } else {
        seat.connection->request(Command::Kind::stop, *stop_by_, stop_at_once_);
      }
    }
  }
}

void ConnectionSupervisor::step_stopping(Seat& seat, Time now) {
  if (seat.stage == Seat::Stage::free) return;
  if (seat.connection->state() != Connection::State::ended && now < *stop_by_ + kGrace) return;
  engine::LeftBehind left = seat.connection->join();
  std::ranges::move(left.words, std::back_inserter(left_behind_.words));
  std::ranges::move(left.shares, std::back_inserter(left_behind_.shares));
  seat.connection.reset();
  seat.stage = Seat::Stage::free;
}

engine::LeftBehind ConnectionSupervisor::left_behind() const {
  engine::LeftBehind all = left_behind_;
  for (const Detached& each : detached_) {
    if (!each.goes_on()) continue;
    for (const std::string& words : each.words) all.words.push_back(words + ", since before the stop");
  }
  return all;
}

bool ConnectionSupervisor::finished() const {
  if (!stop_by_) return false;
  for (const Group& group : groups_) {
    for (const Seat& seat : group.seats) {
      if (seat.stage != Seat::Stage::free) return false;
    }
  }
  return true;
}

Time ConnectionSupervisor::wakes_at() const {
  if (stop_by_) return *stop_by_ + kGrace;
  Time at = Time::max();
  for (const Group& group : groups_) {
    if (group.scaling) at = std::min(at, next_look_);
    for (const Seat& seat : group.seats) {
      const bool timed = seat.stage == Seat::Stage::waiting || seat.stage == Seat::Stage::failing ||
                         seat.stage == Seat::Stage::leaving;
      if (timed) at = std::min(at, seat.until);
    }
  }
  return at;
}

void ConnectionSupervisor::count() const {
  std::uint32_t running = 0;
  for (const Group& group : groups_) {
    running += static_cast<std::uint32_t>(
        std::ranges::count(group.seats, Seat::Stage::running, [](const Seat& seat) { return seat.stage; }));
  }
  tools_.counters->connections.store(stop_by_ ? 0 : running, std::memory_order_relaxed);
}

events::Connection ConnectionSupervisor::event_place(const Seat& seat) {
  return {seat.place.group->id, seat.place.subscription_group->id, seat.place.number};
}

void ConnectionSupervisor::log(LogLevel level, const Seat& seat, std::string_view text) const {
  tools_.log->write(level, "connection",
                    fmt::format("{} / {}: connection {} {}", seat.place.group->id,
                                seat.place.subscription_group->id, seat.place.number, text));
}

}  // namespace braid::runtime
