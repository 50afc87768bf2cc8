#include "core/health/health.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid::core {

namespace {

using Code = HealthReason::Code;
using State = HealthSight::State;

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

void add(Health& health, Code code, bool is_well, std::string about, std::string text) {
  health.well = health.well && is_well;
  health.reasons.push_back({code, std::move(about), std::move(text), is_well});
}

void sort(Health& health) {
  std::ranges::stable_sort(health.reasons, {}, &HealthReason::is_well);
}

// None that keeps it from being ready: it runs.
void look_at_state(const HealthSight& sight, Health& health) {
  if (!sight.failure.empty()) add(health, Code::failed, false, {}, "the application can't go on: " + sight.failure);
  switch (sight.state) {
    case State::starting:
      add(health, Code::starting, false, {}, "the application has not started yet");
      return;
    case State::quiet:
      add(health, Code::quiet, false, {}, "the application was told to be quiet, and takes nothing more");
      return;
    case State::stopping:
      add(health, Code::stopping, false, {}, "the application stops");
      return;
    case State::stopped:
      add(health, Code::stopped, false, {}, "the application has stopped");
      return;
    case State::running:
      return;
  }
}

void look_at_membership(const HealthSight::Connection& connection, const HealthLimits& limits, Health& health) {
  const std::string trouble = connection.trouble.empty() ? "" : ": " + connection.trouble;
  if (!connection.has_client) {
    add(health, Code::no_client, false, connection.name, "its client has failed, and a new one follows" + trouble);
    return;
  }
  if (!connection.joined) {
    // Rebalances come and go, and each would have it taken out of service.
    const bool passes = connection.has_joined && connection.not_joined_for < limits.join_within;
    add(health, Code::not_joined, passes, connection.name,
        fmt::format("it has not joined its group for {:.1f} s{}", seconds(connection.not_joined_for), trouble));
    return;
  }
  if (connection.partitions == 0) {
    add(health, Code::idle, true, connection.name, "it has joined its group, which has no partition for it");
    return;
  }
  add(health, Code::assigned, true, connection.name,
      fmt::format("it has {} partition{}", connection.partitions, connection.partitions == 1 ? "" : "s"));
}

}  // namespace

std::string_view name_of(HealthReason::Code code) {
  switch (code) {
    case Code::starting:
      return "starting";
    case Code::quiet:
      return "quiet";
    case Code::stopping:
      return "stopping";
    case Code::stopped:
      return "stopped";
    case Code::failed:
      return "failed";
    case Code::listener_hangs:
      return "listener_hangs";
    case Code::job_hangs:
      return "job_hangs";
    case Code::no_client:
      return "no_client";
    case Code::not_joined:
      return "not_joined";
    case Code::idle:
      return "idle";
    case Code::assigned:
      return "assigned";
  }
  return "unknown";
}

Health liveness(const HealthSight& sight, const HealthLimits& limits) {
  Health health;
  if (sight.state == State::stopped) {
    add(health, Code::stopped, false, {}, "the application has stopped");
    return health;
  }
  for (const HealthSight::Connection& connection : sight.connections) {
    if (!connection.has_client || connection.since_turn <= limits.turn_within) continue;
    add(health, Code::listener_hangs, false, connection.name,
        fmt::format("its listener has not turned for {:.1f} s; at most {:.1f} s are expected",
                    seconds(connection.since_turn), seconds(limits.turn_within)));
  }
  for (const HealthSight::Job& job : sight.jobs) {
    if (limits.job_within == Duration::zero() || job.runs_for <= limits.job_within) continue;
    add(health, Code::job_hangs, false, job.thread,
        fmt::format("{} runs for {:.1f} s; at most {:.1f} s are expected", job.what, seconds(job.runs_for),
                    seconds(limits.job_within)));
  }
  return health;
}

Health readiness(const HealthSight& sight, const HealthLimits& limits) {
  Health health;
  look_at_state(sight, health);
  for (const HealthSight::Connection& connection : sight.connections) {
    look_at_membership(connection, limits, health);
  }
  if (sight.state == State::running && sight.connections.empty()) {
    add(health, Code::no_client, false, {}, "there is no connection");
  }
  sort(health);
  return health;
}

std::string to_json(const Health& health) {
  const auto text = [](std::string_view of) { return boost::json::string(of.data(), of.size()); };
  boost::json::array reasons;
  for (const HealthReason& reason : health.reasons) {
    boost::json::object one;
    one["code"] = text(name_of(reason.code));
    one["well"] = reason.is_well;
    if (!reason.about.empty()) one["about"] = text(reason.about);
    one["text"] = text(reason.text);
    reasons.push_back(std::move(one));
  }
  boost::json::object all;
  all["well"] = health.well;
  all["reasons"] = std::move(reasons);
  return boost::json::serialize(all);
}

}  // namespace braid::core
