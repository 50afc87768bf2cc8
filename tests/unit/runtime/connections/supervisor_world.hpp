#pragma once

#include "runtime/connections/connection_supervisor.hpp"

#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::runtime {

using namespace std::chrono_literals;
using engine::Command;
using engine::Time;
using State = Connection::State;

// Stands still until a test moves it.
class ManualClock final : public engine::Clock {
 public:
  [[nodiscard]] Time now() const override { return time; }
  [[nodiscard]] std::chrono::system_clock::time_point wall() const override { return {}; }
  Time time = Time{} + 1h;
};

// Keeps all lines.
class KeptLog final : public engine::Log {
 public:
  [[nodiscard]] bool enabled(engine::LogLevel) const override { return true; }
  void write(engine::LogLevel, std::string_view, std::string_view text) override { lines.emplace_back(text); }
  [[nodiscard]] bool says(const std::string& part) const {
    return std::ranges::any_of(lines, [&](const auto& line) { return line.find(part) != std::string::npos; });
  }
  std::vector<std::string> lines;
};

// Nobody sleeps here.
class Silent final : public engine::Notifier {
 public:
  void notify() noexcept override {}
};

// What the test makes of one connection; it outlives the Connection.
struct Fake {
  std::string name;  // group-number, and of all
  State state = State::connecting;
  std::optional<Error> why;
  Connection::Load load{.joined = true};
  std::vector<std::pair<Command::Kind, Time>> requests;
  bool at_once = false;  // of the last one
  bool started = false;
  bool has_run = false;  // beside what `state` says
  bool joined = false;
  bool joined_early = false;
  bool gone = false;
};

// What the supervisor owns of it.
class FakeConnection final : public Connection {
 public:
  FakeConnection(std::shared_ptr<Fake> fake, bool starts) : fake_(std::move(fake)), starts_(starts) {}
  ~FakeConnection() override { fake_->gone = true; }
  void start() override {
    if (!starts_) throw std::runtime_error("no descriptors left");
    fake_->started = true;
  }
  [[nodiscard]] State state() const override { return fake_->state; }
  [[nodiscard]] std::optional<Error> failure() const override { return fake_->why; }
  [[nodiscard]] bool has_run() const override { return fake_->has_run || fake_->state == State::running; }
  [[nodiscard]] std::function<bool()> goes_on() const override {
    return [fake = fake_] { return fake->state != State::ended; };
  }
  [[nodiscard]] Load load() const override { return fake_->load; }
  void request(Command::Kind kind, Time deadline, bool at_once) override {
    fake_->requests.emplace_back(kind, deadline);
    fake_->at_once = at_once;
  }
  engine::LeftBehind join() override {
    fake_->joined = true;
    fake_->joined_early = fake_->state != State::ended;
    if (!fake_->joined_early) return {};
    return {{fake_->name + " had not ended"}, {{.partition = {"orders", {3}}}}};
  }

 private:
  std::shared_ptr<Fake> fake_;
  bool starts_;
};

// Two subscription groups: `fixed` with two connections, `moving` with one to three. Thread: one.
class SupervisorWorld : public ::testing::Test, private ConnectionFactory {
 protected:
  SupervisorWorld() { remake(routes_of(1)); }
  ~SupervisorWorld() override {
    if (!begun) return;
    supervisor->stop(clock.time);
    end_all();
    supervisor->turn();
    EXPECT_TRUE(supervisor->finished());
  }

  static routing::Routes routes_of(std::uint32_t start) {
    return routing::draw([&](routing::RoutesBuilder& r) {
      auto group = r.consumer_group("g");
      group.subscription_group("fixed").connections(2);
      group.subscription_group("moving").connections({.min = 1, .max = 3, .start = start, .scale_delay = 10s});
    });
  }
  void remake(routing::Routes routes_now) {
    routes = std::move(routes_now);
    supervisor =
        std::make_unique<ConnectionSupervisor>(routes, ConnectionSupervisor::Settings{.drain_on_revoke = 5s},
                                               ConnectionSupervisor::Tools{.factory = this,
                                                                           .clock = &clock,
                                                                           .log = &log,
                                                                           .counters = counters,
                                                                           .notifier = std::make_shared<Silent>(),
                                                                           .random = [] { return 1.0; }});
  }

  Result<std::unique_ptr<Connection>> make(const ConnectionPlace& place,
                                           std::shared_ptr<engine::Notifier>) override {
    const std::string name = place.subscription_group->id + "-" + std::to_string(place.number);
    if (refused.contains(name)) return Error(Error::Kind::invalid_setting, refused[name]);
    auto fake = std::make_shared<Fake>();
    fake->name = name;
    made.push_back(fake);
    of_all[name] = place.of_all;
    return std::unique_ptr<Connection>(std::make_unique<FakeConnection>(fake, threads_left));
  }

  // Starts all, and lets each reach its broker.
  void start() {
    EXPECT_EQ(supervisor->make(), std::vector<std::string>{});
    begun = true;
    supervisor->start();
    run_all();
    supervisor->turn();
    EXPECT_TRUE(supervisor->started());
  }
  void run_all() {
    for (const auto& fake : made) {
      if (fake->state == State::connecting && fake->started) fake->state = State::running;
    }
  }
  void end_all() {
    for (const auto& fake : made) fake->state = State::ended;
  }
  // The last one made of that name.
  Fake& the(const std::string& name) {
    const auto found =
        std::find_if(made.rbegin(), made.rend(), [&](const auto& fake) { return fake->name == name; });
    if (found == made.rend()) throw std::runtime_error("no connection " + name);
    return **found;
  }
  [[nodiscard]] std::size_t times_made(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::count(made, name, [](const auto& fake) { return fake->name; }));
  }
  void advance(engine::Duration time) {
    // In the supervisor's own steps: never past what it wanted to be woken at.
    const Time until = clock.time + time;
    while (clock.time < until) {
      clock.time = std::min(until, std::max(supervisor->wakes_at(), clock.time + 1ms));
      supervisor->turn();
    }
  }
  void fail(const std::string& name, const std::string& why) {
    the(name).why = Error(Error::Kind::other, why, false, true);
    the(name).state = State::failing;
    supervisor->turn();
  }
  void end(const std::string& name) {
    the(name).state = State::ended;
    supervisor->turn();
  }
  [[nodiscard]] std::uint32_t running() const { return counters->connections.load(); }

  routing::Routes routes;
  ManualClock clock;
  KeptLog log;
  std::shared_ptr<engine::Counters> counters = std::make_shared<engine::Counters>();
  std::vector<std::shared_ptr<Fake>> made;
  std::map<std::string, std::uint32_t> of_all;
  std::map<std::string, std::string> refused;
  bool threads_left = true;
  bool begun = false;
  std::unique_ptr<ConnectionSupervisor> supervisor;
};

}  // namespace braid::runtime
