#include "core/flow/hook_schedule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using Calls = std::vector<std::string>;

class HookScheduleTest : public testing::Test {
 protected:
  void make(const HookSchedule::Settings& settings) { hooks_.emplace(settings); }
  HookSchedule& hooks() { return *hooks_; }
  static Time at(std::chrono::milliseconds time) { return Time{} + 1h + time; }
  // Has objects since the start, and timers that run from then on.
  void occupied(std::vector<std::uint32_t> indexes) {
    for (const std::uint32_t index : indexes) hooks().occupied(index);
    hooks().run_timers(at(0ms));
  }
  // All that may be called now; they are out from then on.
  Calls due() {
    Calls calls;
    while (const auto call = hooks().next()) {
      calls.push_back((call->kind == HookKind::tick ? "tick " : "end ") + std::to_string(call->index));
    }
    return calls;
  }
  // The same, and they return at once.
  Calls call_due() {
    Calls all;
    for (Calls calls = due(); !calls.empty(); calls = due()) {
      for (const std::string& call : calls) {
        hooks().returned(static_cast<std::uint32_t>(std::stoul(call.substr(call.find(' ')))));
      }
      all.insert(all.end(), calls.begin(), calls.end());
    }
    return all;
  }
  Calls at_time(std::chrono::milliseconds time) {
    hooks().run_timers(at(time));
    return call_due();
  }
  void give(std::uint32_t index, int messages = 1) {
    for (int i = 0; i < messages; ++i) hooks().given(index);
  }

  std::optional<HookSchedule> hooks_;
};

// --- ticks

TEST_F(HookScheduleTest, WhoHasNoObjectHasNoTicksAndNoTimer) {
  make({.max_partitions = 10'000, .tick_every = 10ms});
  hooks().run_timers(at(0ms));
  EXPECT_EQ(hooks().wakes_at(), std::nullopt);
  EXPECT_EQ(at_time(1000ms), Calls{});
  EXPECT_EQ(hooks().wakes_at(), std::nullopt);
}

TEST_F(HookScheduleTest, TheFirstTickIsAWholeIntervalAway) {
  make({.max_partitions = 4, .tick_every = 10ms});
  hooks().run_timers(at(0ms));
  hooks().run_timers(at(95ms));
  hooks().occupied(3);
  EXPECT_EQ(at_time(95ms), Calls{});
  EXPECT_EQ(hooks().wakes_at(), at(105ms));
  EXPECT_EQ(at_time(104ms), Calls{});
  EXPECT_EQ(at_time(105ms), Calls{"tick 3"});
}

TEST_F(HookScheduleTest, AllTickAtTheSameMoments) {
  make({.max_partitions = 10, .tick_every = 10ms});
  occupied({7, 1});
  EXPECT_EQ(at_time(10ms), (Calls{"tick 7", "tick 1"}));
  hooks().occupied(4);
  EXPECT_EQ(at_time(15ms), Calls{});
  EXPECT_EQ(at_time(20ms), (Calls{"tick 7", "tick 1", "tick 4"}));
  EXPECT_EQ(hooks().wakes_at(), at(30ms));
}

TEST_F(HookScheduleTest, ALateTickIsOneTickAndTheMomentsStay) {
  make({.max_partitions = 1, .tick_every = 10ms});
  occupied({0});
  EXPECT_EQ(at_time(47ms), Calls{"tick 0"});
  EXPECT_EQ(hooks().wakes_at(), at(50ms));
}

TEST_F(HookScheduleTest, WhoIsBusyTicksOnceWhenItIsFree) {
  make({.max_partitions = 2, .tick_every = 10ms});
  occupied({0, 1});
  hooks().starts(0);
  EXPECT_EQ(at_time(10ms), Calls{"tick 1"});
  EXPECT_EQ(at_time(20ms), Calls{"tick 1"});
  EXPECT_TRUE(hooks().owes(0));
  EXPECT_FALSE(hooks().owes(1));
  hooks().idle(0);
  EXPECT_EQ(call_due(), Calls{"tick 0"});
  EXPECT_FALSE(hooks().holds());
}

TEST_F(HookScheduleTest, AShareThatStartsFirstGoesFirst) {
  make({.max_partitions = 1, .tick_every = 10ms});
  occupied({0});
  hooks().run_timers(at(10ms));
  hooks().starts(0);
  EXPECT_EQ(call_due(), Calls{});
  hooks().idle(0);
  EXPECT_EQ(call_due(), Calls{"tick 0"});
}

TEST_F(HookScheduleTest, ATickThatIsDueWhileTheLastOneRunsIsLeftOut) {
  make({.max_partitions = 2, .tick_every = 10ms});
  occupied({0, 1});
  hooks().run_timers(at(10ms));
  EXPECT_EQ(due(), (Calls{"tick 0", "tick 1"}));
  hooks().returned(1);
  EXPECT_EQ(at_time(20ms), Calls{"tick 1"});
  hooks().returned(0);
  EXPECT_EQ(call_due(), Calls{}) << "or what waits behind a long tick would never have its turn";
  EXPECT_EQ(at_time(30ms), (Calls{"tick 0", "tick 1"}));
}

TEST_F(HookScheduleTest, WithTheBarrierNoTickIsDueWhileAnyRuns) {
  make({.max_partitions = 2, .tick_every = 10ms, .barrier = true});
  occupied({0, 1});
  hooks().run_timers(at(10ms));
  EXPECT_EQ(due(), (Calls{"tick 0", "tick 1"}));
  hooks().returned(1);
  EXPECT_TRUE(hooks().holds());
  EXPECT_EQ(at_time(20ms), Calls{});
  hooks().returned(0);
  EXPECT_FALSE(hooks().holds()) << "the next batch has its turn";
  EXPECT_EQ(call_due(), Calls{});
  EXPECT_EQ(at_time(30ms), (Calls{"tick 0", "tick 1"}));
}

TEST_F(HookScheduleTest, WithTheBarrierWhatIsOwedHoldsTheNextBatch) {
  make({.max_partitions = 2, .tick_every = 10ms, .barrier = true});
  occupied({0, 1});
  hooks().starts(0);
  EXPECT_EQ(at_time(10ms), Calls{"tick 1"});
  EXPECT_TRUE(hooks().any_owed());
  EXPECT_TRUE(hooks().holds());
  hooks().idle(0);
  EXPECT_EQ(due(), Calls{"tick 0"});
  EXPECT_FALSE(hooks().any_owed());
  EXPECT_TRUE(hooks().holds());
  hooks().returned(0);
  EXPECT_FALSE(hooks().holds());
}

// --- the end of the partition

TEST_F(HookScheduleTest, AnEndIsToldWhenWhatCameBeforeItHasSettledInTheVirtualPartition) {
  make({.max_partitions = 3, .end_of_partition = true});
  occupied({0, 1, 2});
  give(0, 3);
  give(2, 1);
  hooks().reached_end();
  EXPECT_EQ(call_due(), Calls{"end 1"});
  hooks().settled(0, 2);
  EXPECT_EQ(call_due(), Calls{});
  hooks().settled(2, 1);
  EXPECT_EQ(call_due(), Calls{"end 2"});
  hooks().settled(0, 1);
  EXPECT_EQ(call_due(), Calls{"end 0"});
}

TEST_F(HookScheduleTest, WhatCameBehindTheEndIsNotWaitedFor) {
  make({.max_partitions = 1, .end_of_partition = true});
  occupied({0});
  give(0, 3);
  hooks().reached_end();
  give(0, 5);
  hooks().starts(0);
  hooks().settled(0, 3);
  hooks().idle(0);
  EXPECT_EQ(call_due(), Calls{"end 0"});
  hooks().settled(0, 5);
  EXPECT_EQ(call_due(), Calls{});
}

TEST_F(HookScheduleTest, WhoRunsHearsOfTheEndWhenItIsFree) {
  make({.max_partitions = 1, .end_of_partition = true});
  occupied({0});
  give(0, 2);
  hooks().reached_end();
  hooks().starts(0);
  hooks().settled(0, 2);  // and what was armed behind goes on
  EXPECT_EQ(call_due(), Calls{});
  EXPECT_TRUE(hooks().owes(0)) << "so nothing more is armed";
  hooks().idle(0);
  EXPECT_EQ(call_due(), Calls{"end 0"});
}

TEST_F(HookScheduleTest, AnEndThatIsToldAgainIsNone) {
  make({.max_partitions = 1, .end_of_partition = true});
  occupied({0});
  give(0);
  hooks().reached_end();
  hooks().settled(0, 1);
  EXPECT_EQ(call_due(), Calls{"end 0"});
  hooks().reached_end();
  EXPECT_EQ(call_due(), Calls{});
  give(0);
  hooks().settled(0, 1);
  EXPECT_EQ(call_due(), Calls{});
  hooks().reached_end();
  EXPECT_EQ(call_due(), Calls{"end 0"});
}

TEST_F(HookScheduleTest, AnEndThatOthersReachedIsToldToo) {
  make({.max_partitions = 2, .end_of_partition = true});
  occupied({0, 1});
  give(1);
  hooks().reached_end();
  hooks().settled(1, 1);
  EXPECT_EQ(call_due(), (Calls{"end 0", "end 1"}));
}

// A partition whose listener keeps up reaches its end behind every message.
TEST_F(HookScheduleTest, EndsThatFollowFasterThanMessagesSettleAreToldAllTheSame) {
  make({.max_partitions = 1, .end_of_partition = true});
  occupied({0});
  Calls told;
  for (int i = 0; i < 10; ++i) {
    give(0, 2);
    hooks().reached_end();
    hooks().settled(0, 1);
    for (const std::string& call : call_due()) told.push_back(call);
  }
  EXPECT_GE(told.size(), 2U);
  told.clear();
  for (int i = 0; i < 10; ++i) {
    hooks().settled(0, 1);
    told = call_due();
  }
  EXPECT_EQ(told, Calls{"end 0"}) << "and of the last one with what came before it";
}

TEST_F(HookScheduleTest, SeveralEndsWithNothingOfItBetweenAreOneWhileItRuns) {
  make({.max_partitions = 2, .end_of_partition = true});
  occupied({0, 1});
  give(0);
  hooks().starts(0);
  for (int i = 0; i < 3; ++i) {
    give(1);
    hooks().settled(1, 1);
    hooks().reached_end();
    EXPECT_EQ(call_due(), Calls{"end 1"});
  }
  hooks().settled(0, 1);
  hooks().idle(0);
  EXPECT_EQ(call_due(), Calls{"end 0"});
}

TEST_F(HookScheduleTest, WhoseObjectIsMadeByWhatCameBeforeTheEndHearsOfIt) {
  make({.max_partitions = 2, .end_of_partition = true});
  give(0);
  hooks().reached_end();
  EXPECT_EQ(call_due(), Calls{});
  hooks().occupied(0);
  hooks().settled(0, 1);
  EXPECT_EQ(call_due(), Calls{"end 0"});
  give(1);
  hooks().occupied(1);
  hooks().settled(1, 1);
  EXPECT_EQ(call_due(), Calls{}) << "its first message came behind that end";
}

TEST_F(HookScheduleTest, WithTheBarrierAllWaitForTheBatch) {
  make({.max_partitions = 3, .end_of_partition = true, .barrier = true});
  occupied({0, 1});
  hooks().gathered(4);
  hooks().reached_end();
  hooks().starts(1);
  hooks().starts(2);
  EXPECT_EQ(call_due(), Calls{});
  hooks().occupied(2);
  hooks().idle(1);
  hooks().idle(2);
  hooks().batch_settled(4);
  EXPECT_EQ(call_due(), (Calls{"end 0", "end 1", "end 2"}));
}

TEST_F(HookScheduleTest, WithTheBarrierAnEndBehindWhatHasSettledIsToldAtOnce) {
  make({.max_partitions = 1, .end_of_partition = true, .barrier = true});
  occupied({0});
  hooks().gathered(2);
  hooks().batch_settled(2);
  EXPECT_EQ(call_due(), Calls{});
  hooks().reached_end();
  EXPECT_EQ(call_due(), Calls{"end 0"});
}

TEST_F(HookScheduleTest, WhoDidNotAskHearsOfNoEnd) {
  make({.max_partitions = 1, .tick_every = 10ms, .barrier = true});
  occupied({0});
  hooks().gathered(2);
  hooks().batch_settled(2);
  hooks().reached_end();
  EXPECT_EQ(call_due(), Calls{});
}

// --- both

TEST_F(HookScheduleTest, ATickThatIsDueWithAnEndFollowsIt) {
  make({.max_partitions = 1, .tick_every = 10ms, .end_of_partition = true});
  occupied({0});
  give(0);
  hooks().starts(0);
  hooks().reached_end();
  hooks().run_timers(at(10ms));
  hooks().settled(0, 1);
  hooks().idle(0);
  EXPECT_EQ(due(), Calls{"end 0"}) << "one at a time";
  hooks().returned(0);
  EXPECT_EQ(due(), Calls{"tick 0"});
}

TEST_F(HookScheduleTest, ATickThatIsDueWhileTheEndIsToldIsCalledBehindIt) {
  make({.max_partitions = 1, .tick_every = 10ms, .end_of_partition = true, .barrier = true});
  occupied({0});
  hooks().gathered(1);
  hooks().batch_settled(1);
  hooks().reached_end();
  EXPECT_EQ(due(), Calls{"end 0"});
  EXPECT_EQ(at_time(10ms), Calls{});
  hooks().returned(0);
  EXPECT_EQ(call_due(), Calls{"tick 0"});
}

TEST_F(HookScheduleTest, BehindTheStopNothingIsDue) {
  make({.max_partitions = 3, .tick_every = 10ms, .end_of_partition = true});
  occupied({0, 1, 2});
  hooks().starts(1);
  hooks().run_timers(at(10ms));
  ASSERT_TRUE(hooks().next());
  hooks().stop();
  EXPECT_EQ(hooks().wakes_at(), std::nullopt);
  hooks().returned(0);
  hooks().idle(1);
  give(2);
  hooks().settled(2, 1);
  hooks().reached_end();
  EXPECT_EQ(at_time(20ms), Calls{});
  EXPECT_FALSE(hooks().holds());
}

}  // namespace
}  // namespace braid::core
