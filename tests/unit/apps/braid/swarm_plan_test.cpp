#include "apps/braid/src/swarm_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <ostream>

namespace braid::app {

// NOLINTNEXTLINE: found by GoogleTest
void PrintTo(const SwarmOrder& order, std::ostream* out) {
  *out << (order.kind == SwarmOrder::Kind::start ? "start " : "signal " + std::to_string(order.signal) + " to ")
       << order.node;
}

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

SwarmOrder start(std::uint32_t node) {
  return {SwarmOrder::Kind::start, node, 0};
}
SwarmOrder send(std::uint32_t node, int signal) {
  return {SwarmOrder::Kind::send, node, signal};
}
constexpr ChildStatus kWell{};
ChildStatus code(int number) {
  return {.signal = std::nullopt, .code = number};
}
ChildStatus by(int signal) {
  return {.signal = signal, .code = 0};
}

class Plan : public ::testing::Test {
 protected:
  SwarmRules rules{.processes = 2,
                   .memory_limit = 1000,
                   .stuck_after = 30s,
                   .dump_wait = 1s,
                   .abort_wait = 5s,
                   .stop_timeout = 40s,
                   .backoff = 500ms,
                   .backoff_max = 4s,
                   .stable_after = 60s};
  SwarmTime now{};
  std::optional<SwarmPlan> plan;

  // All of them run.
  void begin() {
    plan.emplace(rules, now);
    EXPECT_EQ(plan->turn(now).size(), rules.processes);
    for (std::uint32_t node = 0; node < rules.processes; ++node) plan->handle_started(node, now);
    EXPECT_THAT(plan->turn(now), IsEmpty());
  }
  std::vector<SwarmOrder> turn() { return plan->turn(now); }
  // When a node is started again, after now; it is.
  std::chrono::milliseconds back_after(std::uint32_t node) {
    const SwarmTime from = now;
    for (;;) {
      const auto at = plan->wakes_at();
      if (!at) {
        ADD_FAILURE() << "it never is";
        return {};
      }
      now = std::max(now, *at);
      for (const SwarmOrder& order : turn()) {
        if (order != start(node)) continue;
        plan->handle_started(node, now);
        return std::chrono::duration_cast<std::chrono::milliseconds>(now - from);
      }
    }
  }
};

TEST_F(Plan, StartsEveryNodeOnce) {
  plan.emplace(rules, now);
  EXPECT_THAT(turn(), ElementsAre(start(0), start(1)));
  EXPECT_THAT(turn(), IsEmpty()) << "the answer is awaited";
  plan->handle_started(0, now);
  plan->handle_started(1, now);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_FALSE(plan->over());
  EXPECT_FALSE(plan->wakes_at()) << "nothing happens by time alone";
}

TEST_F(Plan, WhatCrashesComesBackLaterEachTime) {
  begin();
  for (const auto delay : {500ms, 1000ms, 2000ms, 4000ms, 4000ms}) {
    plan->handle_ended(0, by(SIGSEGV), now);
    EXPECT_EQ(back_after(0), delay);
  }
  EXPECT_EQ(plan->report(0).crashed, 5U);
  EXPECT_EQ(plan->report(0).starts, 6U);
  EXPECT_EQ(plan->report(1).starts, 1U) << "the other one is left alone";
}

TEST_F(Plan, AStableLifeEndsTheDoubling) {
  begin();
  for (int i = 0; i < 3; ++i) {
    plan->handle_ended(0, code(1), now);
    (void)back_after(0);
  }
  now += rules.stable_after;
  plan->handle_ended(0, code(1), now);
  EXPECT_EQ(back_after(0), 500ms);
  now += rules.stable_after - 1ms;
  plan->handle_ended(0, code(1), now);
  EXPECT_EQ(back_after(0), 1000ms) << "not quite stable";
}

TEST_F(Plan, WhoHasFinishedStaysAway) {
  begin();
  plan->handle_ended(0, kWell, now);
  plan->handle_ended(1, kWell, now);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_TRUE(plan->over());
  EXPECT_TRUE(plan->ended_well());
}

TEST_F(Plan, WhoHasFinishedComesBackWhereThatIsWanted) {
  rules.restart_finished = true;
  rules.max_failures = 1;
  begin();
  for (const auto delay : {500ms, 1000ms}) {
    plan->handle_ended(0, kWell, now);
    EXPECT_EQ(back_after(0), delay) << "not in a busy loop";
  }
  EXPECT_FALSE(plan->report(0).given_up) << "to finish is no failure";
}

TEST_F(Plan, FailuresInARowEndInGivingUp) {
  rules.max_failures = 3;
  begin();
  for (int i = 0; i < 2; ++i) {
    plan->handle_ended(0, code(1), now);
    (void)back_after(0);
  }
  plan->handle_ended(0, code(1), now);
  EXPECT_TRUE(plan->report(0).given_up);
  EXPECT_FALSE(plan->over()) << "the other one goes on";
  plan->handle_ended(1, kWell, now);
  EXPECT_TRUE(plan->over());
  EXPECT_FALSE(plan->ended_well());
}

TEST_F(Plan, WhatCannotBeStartedIsTriedAgain) {
  begin();
  plan->handle_ended(0, code(1), now);
  now = *plan->wakes_at();
  EXPECT_THAT(turn(), ElementsAre(start(0)));
  plan->handle_start_failed(0, "no such file", now);
  EXPECT_EQ(back_after(0), 1000ms);
  EXPECT_EQ(plan->report(0).start_failures, 1U);
}

TEST_F(Plan, AStuckProcessIsAskedForADumpThenAbortedThenKilled) {
  begin();
  plan->handle_beat(0, now);
  now += 30s - 1ms;
  EXPECT_THAT(turn(), IsEmpty());
  now += 1ms;
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTTIN)));
  now += 1s;
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGABRT), send(0, SIGCONT)));
  now += 5s;
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGKILL)));
  EXPECT_THAT(turn(), IsEmpty());
  plan->handle_ended(0, by(SIGKILL), now);
  EXPECT_EQ(back_after(0), 500ms);
  EXPECT_EQ(plan->report(0).stuck, 1U);
  EXPECT_EQ(plan->report(0).killed, 1U);
  EXPECT_EQ(plan->report(0).crashed, 0U);
}

TEST_F(Plan, WhatMovesAgainAfterTheDumpIsSpared) {
  begin();
  plan->handle_beat(0, now);
  now += 30s;
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTTIN)));
  plan->handle_beat(0, now);
  now += 10s;
  EXPECT_THAT(turn(), IsEmpty());
  now += 20s;
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTTIN))) << "it is watched on";
}

TEST_F(Plan, WhoSendsNoHeartbeatsIsNotWatched) {
  begin();
  now += 24h;
  EXPECT_THAT(turn(), IsEmpty()) << "it never sent any";
  plan->handle_beat(0, now);
  plan->handle_last_beat(0);
  now += 24h;
  EXPECT_THAT(turn(), IsEmpty()) << "it said that it would send none";
}

TEST_F(Plan, AHeartbeatOfTheLastLifeDoesNotCount) {
  begin();
  plan->handle_beat(0, now);
  plan->handle_ended(0, code(1), now);
  (void)back_after(0);
  now += 31s;
  EXPECT_THAT(turn(), IsEmpty()) << "the new one has sent none yet";
}

TEST_F(Plan, HeartbeatsMayBeLeftAlone) {
  rules.stuck_after = 0ms;
  begin();
  plan->handle_beat(0, now);
  now += 24h;
  EXPECT_THAT(turn(), IsEmpty());
}

TEST_F(Plan, WhatGrowsIsToldToEndAndComesBack) {
  begin();
  now += rules.stable_after;
  plan->handle_resident(0, 1000, now);
  EXPECT_THAT(turn(), IsEmpty()) << "the limit itself is allowed";
  plan->handle_resident(0, 1001, now);
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTERM), send(0, SIGCONT)));
  plan->handle_resident(0, 1001, now);
  EXPECT_THAT(turn(), IsEmpty()) << "told once";
  plan->handle_ended(0, kWell, now);
  EXPECT_EQ(back_after(0), 0ms);
  EXPECT_EQ(plan->report(0).over_memory, 1U);
  EXPECT_EQ(plan->report(0).finished, 0U);
}

TEST_F(Plan, OneAtATimeIsEndedForItsSize) {
  begin();
  now += rules.stable_after;
  plan->handle_resident(0, 2000, now);
  plan->handle_resident(1, 2000, now);
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTERM), send(0, SIGCONT)));
  plan->handle_ended(0, kWell, now);
  plan->handle_resident(1, 2000, now);
  EXPECT_THAT(turn(), ElementsAre(start(0))) << "the first is not back yet";
  plan->handle_started(0, now);
  plan->handle_resident(1, 2000, now);
  EXPECT_THAT(turn(), ElementsAre(send(1, SIGTERM), send(1, SIGCONT)));
}

TEST_F(Plan, WhatIsTooLargeFromTheBeginningIsNotStartedAllTheTime) {
  begin();
  for (const auto delay : {500ms, 1000ms, 2000ms}) {
    plan->handle_resident(0, 1001, now);
    (void)turn();
    plan->handle_ended(0, kWell, now);
    EXPECT_EQ(back_after(0), delay);
  }
}

TEST_F(Plan, WhatDoesNotEndInTimeIsKilled) {
  begin();
  plan->handle_resident(0, 1001, now);
  (void)turn();
  now += 40s - 1ms;
  EXPECT_THAT(turn(), IsEmpty());
  now += 1ms;
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGKILL)));
}

TEST_F(Plan, AStopIsPassedOnAndWaitedFor) {
  begin();
  plan->handle_signal(SIGTERM, now);
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTERM), send(0, SIGCONT), send(1, SIGTERM), send(1, SIGCONT)));
  plan->handle_ended(0, kWell, now);
  EXPECT_FALSE(plan->over());
  now += 39s;
  EXPECT_THAT(turn(), IsEmpty()) << "and nothing is started again";
  plan->handle_ended(1, by(SIGTERM), now);
  EXPECT_TRUE(plan->over());
  EXPECT_TRUE(plan->ended_well()) << "who has no handler ends by the signal";
}

TEST_F(Plan, WhatStillRunsAtTheDeadlineIsKilled) {
  begin();
  plan->handle_signal(SIGINT, now);
  (void)turn();
  plan->handle_ended(0, kWell, now);
  now += 40s;
  EXPECT_THAT(turn(), ElementsAre(send(1, SIGKILL)));
  plan->handle_ended(1, by(SIGKILL), now);
  EXPECT_TRUE(plan->over());
  EXPECT_FALSE(plan->ended_well());
}

TEST_F(Plan, TheSecondStopKillsAtOnce) {
  begin();
  plan->handle_signal(SIGINT, now);
  (void)turn();
  plan->handle_signal(SIGTERM, now);
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGKILL), send(1, SIGKILL)));
  plan->handle_signal(SIGTERM, now);
  EXPECT_THAT(turn(), IsEmpty());
}

TEST_F(Plan, AStopFindsWhatWaitsForItsRestart) {
  begin();
  plan->handle_ended(0, code(1), now);
  plan->handle_signal(SIGTERM, now);
  (void)turn();
  plan->handle_ended(1, kWell, now);
  EXPECT_TRUE(plan->over());
  EXPECT_FALSE(plan->ended_well()) << "the last that was seen of node 0 was a crash";
}

TEST_F(Plan, AStopFindsWhatIsBeingStarted) {
  plan.emplace(rules, now);
  EXPECT_THAT(turn(), ElementsAre(start(0), start(1)));
  plan->handle_signal(SIGTERM, now);
  plan->handle_started(0, now);
  plan->handle_start_failed(1, "no memory", now);
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTERM), send(0, SIGCONT)));
  plan->handle_ended(0, kWell, now);
  EXPECT_TRUE(plan->over());
}

// It has not been sent the stop's signal yet.
TEST_F(Plan, AStopFindsWhatMovesAgainAfterItsDump) {
  begin();
  plan->handle_beat(0, now);
  now += 30s;
  (void)turn();
  plan->handle_signal(SIGTERM, now);
  EXPECT_THAT(turn(), ElementsAre(send(1, SIGTERM), send(1, SIGCONT)));
  plan->handle_beat(0, now);
  EXPECT_THAT(turn(), ElementsAre(send(0, SIGTERM), send(0, SIGCONT)));
}

TEST_F(Plan, OtherSignalsArePassedOnToThoseThatRun) {
  begin();
  plan->handle_ended(0, code(1), now);
  for (const int number : {SIGHUP, SIGTSTP, SIGTTIN, SIGCONT}) {
    plan->handle_signal(number, now);
    EXPECT_THAT(turn(), ElementsAre(send(1, number)));
  }
  EXPECT_FALSE(plan->stopping());
}

}  // namespace
}  // namespace braid::app
