#include "core/health/health.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using Code = HealthReason::Code;
using State = HealthSight::State;

HealthSight::Connection connection(std::uint32_t partitions) {
  return {.name = "braid-l-0",
          .has_client = true,
          .since_turn = 100ms,
          .joined = true,
          .has_joined = true,
          .not_joined_for = {},
          .partitions = partitions,
          .trouble = {}};
}

HealthSight running(HealthSight::Connection with) {
  return {.state = State::running, .failure = {}, .connections = {std::move(with)}, .jobs = {}};
}

constexpr HealthLimits kLimits{.turn_within = 30s, .job_within = 10min, .join_within = 20s};

TEST(Liveness, NothingHangs) {
  const Health health = liveness(running(connection(3)), kLimits);
  EXPECT_TRUE(health.well);
  EXPECT_TRUE(health.reasons.empty());
}

TEST(Liveness, AListenerThatDoesNotTurnHangs) {
  HealthSight sight = running(connection(3));
  sight.connections[0].since_turn = 30s;
  EXPECT_TRUE(liveness(sight, kLimits).well);
  sight.connections[0].since_turn = 31s;
  const Health health = liveness(sight, kLimits);
  EXPECT_FALSE(health.well);
  ASSERT_EQ(health.reasons.size(), 1u);
  EXPECT_EQ(health.reasons[0].code, Code::listener_hangs);
  EXPECT_EQ(health.reasons[0].about, "braid-l-0");
  EXPECT_EQ(health.reasons[0].text, "its listener has not turned for 31.0 s; at most 30.0 s are expected");
}

// A restart would not bring the brokers back.
TEST(Liveness, BrokersThatAreAwayAreNoReasonToEnd) {
  HealthSight sight = running(connection(0));
  sight.connections[0].has_client = false;
  sight.connections[0].joined = false;
  sight.connections[0].since_turn = 1h;
  EXPECT_TRUE(liveness(sight, kLimits).well);
  sight.state = State::starting;
  EXPECT_TRUE(liveness(sight, kLimits).well);
  sight.state = State::stopping;
  EXPECT_TRUE(liveness(sight, kLimits).well);
  sight.state = State::stopped;
  EXPECT_FALSE(liveness(sight, kLimits).well);
}

TEST(Liveness, AJobBeyondItsLimitHangsIfThereIsOne) {
  HealthSight sight = running(connection(3));
  sight.jobs = {{.thread = "braid-w-0", .what = "clicks/3 virtual partition 7", .runs_for = 9min},
                {.thread = "braid-w-1", .what = "clicks/3 virtual partition 8", .runs_for = 11min}};
  const Health health = liveness(sight, kLimits);
  EXPECT_FALSE(health.well);
  ASSERT_EQ(health.reasons.size(), 1u);
  EXPECT_EQ(health.reasons[0].code, Code::job_hangs);
  EXPECT_EQ(health.reasons[0].about, "braid-w-1");
  EXPECT_EQ(health.reasons[0].text, "clicks/3 virtual partition 8 runs for 660.0 s; at most 600.0 s are expected");
  HealthLimits none = kLimits;
  none.job_within = {};
  EXPECT_TRUE(liveness(sight, none).well);
}

TEST(Readiness, IsToHavePartitionsOrToKnowThatThereAreNone) {
  Health health = readiness(running(connection(3)), kLimits);
  EXPECT_TRUE(health.well);
  ASSERT_EQ(health.reasons.size(), 1u);
  EXPECT_EQ(health.reasons[0].code, Code::assigned);
  EXPECT_EQ(health.reasons[0].text, "it has 3 partitions");
  health = readiness(running(connection(0)), kLimits);
  EXPECT_TRUE(health.well);
  EXPECT_EQ(health.reasons.at(0).code, Code::idle);
}

TEST(Readiness, WhoNeverJoinedIsNotReady) {
  HealthSight sight = running(connection(0));
  sight.connections[0].joined = sight.connections[0].has_joined = false;
  sight.connections[0].not_joined_for = 2s;
  sight.connections[0].trouble = "no broker answers";
  const Health health = readiness(sight, kLimits);
  EXPECT_FALSE(health.well);
  EXPECT_EQ(health.reasons.at(0).code, Code::not_joined);
  EXPECT_EQ(health.reasons.at(0).text, "it has not joined its group for 2.0 s: no broker answers");
}

TEST(Readiness, ARebalanceDoesNotTakeItAwayButALongOneDoes) {
  HealthSight sight = running(connection(3));
  sight.connections[0].joined = false;
  sight.connections[0].not_joined_for = 19s;
  EXPECT_TRUE(readiness(sight, kLimits).well);
  sight.connections[0].not_joined_for = 20s;
  EXPECT_FALSE(readiness(sight, kLimits).well);
}

TEST(Readiness, OneConnectionThatIsNotIsEnough) {
  HealthSight sight = running(connection(3));
  sight.connections.push_back(connection(1));
  sight.connections[1].name = "braid-l-1";
  sight.connections[1].has_client = false;
  const Health health = readiness(sight, kLimits);
  EXPECT_FALSE(health.well);
  ASSERT_EQ(health.reasons.size(), 2u);
  EXPECT_EQ(health.reasons[0].about, "braid-l-1") << "what is not well comes first";
  EXPECT_EQ(health.reasons[0].code, Code::no_client);
  EXPECT_TRUE(health.reasons[1].is_well);
}

TEST(Readiness, OnlyWhoRunsIs) {
  for (const auto& [state, code] :
       {std::pair{State::starting, Code::starting}, std::pair{State::quiet, Code::quiet},
        std::pair{State::stopping, Code::stopping}, std::pair{State::stopped, Code::stopped}}) {
    HealthSight sight = running(connection(3));
    sight.state = state;
    const Health health = readiness(sight, kLimits);
    EXPECT_FALSE(health.well);
    EXPECT_EQ(health.reasons.at(0).code, code);
  }
  HealthSight sight = running(connection(3));
  sight.failure = "the topic is gone";
  EXPECT_EQ(readiness(sight, kLimits).reasons.at(0).text, "the application can't go on: the topic is gone");
  sight = {.state = State::running, .failure = {}, .connections = {}, .jobs = {}};
  EXPECT_FALSE(readiness(sight, kLimits).well);
}

TEST(Health, IsToldAsJson) {
  Health health = readiness(running(connection(0)), kLimits);
  EXPECT_EQ(to_json(health), R"({"well":true,"reasons":[{"code":"idle","well":true,"about":"braid-l-0",)"
                             R"("text":"it has joined its group, which has no partition for it"}]})");
  health = {.well = false, .reasons = {{Code::failed, "", "said \"no\"", false}}};
  EXPECT_EQ(to_json(health), R"({"well":false,"reasons":[{"code":"failed","well":false,"text":"said \"no\""}]})");
}

TEST(Health, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::assigned); ++code)
    names.insert(name_of(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::assigned) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace braid::core
