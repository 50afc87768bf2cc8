// on_tick, in both flows: when it is called, and what waits for it.

#include "unit/engine/listener/hooks_world.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using test_support::kEvery;
using test_support::PartitionHooksTest;

// --- ticks

TEST_P(PartitionHooksTest, AnObjectTicksEachInterval) {
  make();
  world().advance(10 * kEvery);
  EXPECT_EQ(in_pool(), 0U) << "there is none yet";
  EXPECT_EQ(wakes_at(), std::nullopt);
  world().deliver(0, 0);
  settle();
  EXPECT_EQ(calls(), Calls{"consume 0"});
  EXPECT_EQ(wakes_at(), world().now + kEvery);
  world().advance(kEvery - 1ms);
  EXPECT_EQ(in_pool(), 0U);
  world().advance(1ms);
  settle();
  EXPECT_EQ(calls(), Calls{"tick 0"});
  EXPECT_EQ(wakes_at(), world().now + kEvery);
  world().advance(kEvery);
  settle();
  EXPECT_EQ(calls(), Calls{"tick 0"});
}

TEST_P(PartitionHooksTest, IdleVirtualPartitionsShareOneTimer) {
  make(4);
  world().deliver(0, 3);
  settle();
  const auto first = wakes_at();
  world().advance(kEvery);
  EXPECT_EQ(in_pool(), 4U);
  EXPECT_EQ(wakes_at(), *first + kEvery);
}

TEST_P(PartitionHooksTest, WhatComesWhileItTicksWaits) {
  make();
  world().deliver(0, 0);
  settle();
  world().advance(kEvery);
  world().deliver(1, 1);
  EXPECT_EQ(in_pool(), 1U);
  world().advance(5 * kEvery);
  EXPECT_EQ(in_pool(), 1U) << "nor do ticks pile up";
  calls();
  run_one();
  run_one();
  EXPECT_EQ(calls(), (Calls{"tick 0", "consume 1"}));
}

// The dispatcher asks for the next job as soon as it is given one.
TEST_P(PartitionHooksTest, WhatComesTogetherWithATickWaitsForIt) {
  make();
  world().deliver(0, 0);
  settle();
  world().now += kEvery;
  world().deliver(1, 1);
  EXPECT_EQ(in_pool(), 1U);
  calls();
  settle();
  EXPECT_EQ(calls(), (Calls{"tick 0", "consume 1"}));
}

TEST_P(PartitionHooksTest, ATickThatIsDueWhileItRunsIsCalledOnceBehindIt) {
  make();
  world().deliver(0, 0);
  settle();
  world().deliver(1, 1);
  for (int i = 0; i < 3; ++i) world().advance(kEvery);
  EXPECT_EQ(in_pool(), 1U);
  world().deliver(2, 2);
  calls();
  settle();
  EXPECT_EQ(calls(), (Calls{"consume 1", "tick 0", "consume 2"}));
}

TEST_P(PartitionHooksTest, BetweenTwoAttemptsNothingTicks) {
  make();
  bool failed = false;
  in_consume = [&](Batch& batch) {
    if (batch.front().offset().value == 1 && !std::exchange(failed, true)) throw std::runtime_error("once");
  };
  world().deliver(0, 0);
  settle();
  world().deliver(1, 1);
  world().run();
  world().now += kEvery;
  calls();
  settle();
  EXPECT_EQ(calls(), (Calls{"consume 1", "tick 0"}));
}

TEST_P(PartitionHooksTest, ATickThatThrowsIsLoggedAndChangesNothing) {
  make();
  world().deliver(0, 0);
  settle();
  in_tick = [](const VirtualPartition&) { throw std::runtime_error("no database"); };
  world().advance(kEvery);
  world().deliver(1, 1);
  settle();
  EXPECT_EQ(
      world().warnings(),
      std::vector<std::string>{"events/0: on_tick of virtual partition 0 failed: std::runtime_error: no database"});
  EXPECT_EQ(calls(), (Calls{"consume 0", "tick 0", "consume 1"}));
  EXPECT_EQ(world().world.counters->attempts_failed, 0U);
  EXPECT_EQ(script().made, 1);
  world().advance(1000ms);
  EXPECT_EQ(world().store.sent.back().second, 2);
}

TEST_P(PartitionHooksTest, WhatATickMarksIsCommittedThoughThePartitionIsIdle) {
  make(1, [](routing::Topic& topic) { topic.offsets = routing::Offsets::manual; });
  std::int64_t buffered = -1;
  in_consume = [&](Batch& batch) { buffered = batch.back().offset().value; };
  in_tick = [&](const VirtualPartition& where) { where.mark(Offset{buffered}); };
  world().deliver(0, 2);
  settle();
  world().advance(kEvery);
  settle();
  world().advance(1000ms);
  ASSERT_EQ(world().store.sent.size(), 1U);
  EXPECT_EQ(world().store.sent.back().second, 3);
}

TEST_P(PartitionHooksTest, ATickMakesRoomWhereThePartitionWaitsForMarks) {
  make(1, [](routing::Topic& topic) {
    topic.offsets = routing::Offsets::manual;
    topic.max_open_offsets = 8;
  });
  std::int64_t buffered = -1;
  in_consume = [&](Batch& batch) { buffered = batch.back().offset().value; };
  in_tick = [&](const VirtualPartition& where) { where.mark(Offset{buffered}); };
  world().deliver(0, 19);
  settle();
  EXPECT_EQ(buffered, 7);
  for (int i = 0; i < 2; ++i) {
    world().advance(kEvery);
    settle();
  }
  EXPECT_EQ(buffered, 19);
}

// Of who buffers and then pauses its partition: what is in the buffer still goes.
TEST_P(PartitionHooksTest, TicksGoOnWhileThePartitionIsPaused) {
  make();
  world().deliver(0, 0);
  settle();
  Steering& steering = *world().world.assignment->steering();
  steering.pause(std::nullopt);
  world().deliver(1, 1);
  calls();
  for (int i = 0; i < 2; ++i) {
    world().advance(kEvery);
    settle();
  }
  EXPECT_EQ(calls(), (Calls{"tick 0", "tick 0"}));
  EXPECT_EQ(wakes_at(), world().now + kEvery);
  steering.resume();
  steering.look(world().now);
  world().turn();
  settle();
  EXPECT_EQ(calls(), Calls{"consume 1"});
}

// --- the end of assignments

TEST_P(PartitionHooksTest, ATickThatHasNotStartedWhenTheAssignmentEndsIsNotCalled) {
  make();
  world().deliver(0, 0);
  settle();
  world().advance(kEvery);
  ASSERT_EQ(in_pool(), 1U);
  world().end();
  calls();
  settle();
  EXPECT_EQ(calls(), Calls{});
  EXPECT_TRUE(world().world.jobs->idle());
}

TEST_P(PartitionHooksTest, OnceTheRunnerRefusesNothingTicks) {
  make();
  world().deliver(0, 0);
  settle();
  world().the().runner->refuse();
  EXPECT_EQ(wakes_at(), std::nullopt);
  calls();
  world().advance(kEvery);
  settle();
  EXPECT_EQ(calls(), Calls{});
}

TEST_P(PartitionHooksTest, WhatATickThrewIsLoggedThoughItsAssignmentHasEnded) {
  make();
  world().deliver(0, 0);
  settle();
  in_tick = [&](const VirtualPartition&) {
    world().end();
    throw std::runtime_error("too late");
  };
  world().advance(kEvery);
  world().pool->run_all();
  world().the().runner.reset();
  EXPECT_EQ(world().warnings().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Flows, PartitionHooksTest,
                         testing::Values(routing::Flow::batch, routing::Flow::continuous), [](const auto& tested) {
                           return tested.param == routing::Flow::batch ? "batch" : "continuous";
                         });

// --- what is one flow's alone

class BatchHooks : public PartitionHooksTest {};

TEST_P(BatchHooks, WhoHasNothingInThePresentBatchTicksBesideIt) {
  make(2);
  world().deliver(0, 1);
  settle();
  world().deliver(2, 2);
  ASSERT_EQ(in_pool(), 1U);
  world().advance(kEvery);
  EXPECT_EQ(in_pool(), 2U);
  world().deliver(3, 4);
  calls();
  run_one();  // the present batch
  EXPECT_EQ(in_pool(), 2U) << "a tick of each, and no batch";
  run_one();
  EXPECT_EQ(in_pool(), 1U) << "a batch waits for all of them";
  run_one();
  EXPECT_EQ(in_pool(), 2U);
  settle();
  EXPECT_EQ(calls().size(), 5U);
}

TEST_P(BatchHooks, TheArmedBatchIsTakenBackForATick) {
  make();
  world().deliver(0, 0);
  settle();
  world().deliver(1, 4);
  world().deliver(5, 8);
  const auto& counters = *world().world.counters;
  ASSERT_EQ(counters.batches_armed, 1U);
  world().advance(kEvery);
  EXPECT_EQ(counters.batches_taken_back, 1U);
  world().turn();
  EXPECT_EQ(counters.batches_armed, 1U) << "it is not armed again before the tick";
  calls();
  settle();
  EXPECT_EQ(calls(), (Calls{"consume 1", "tick 0", "consume 5"}));
}

TEST_P(BatchHooks, AnArmedBatchThatHasStartedIsNotDisturbedByATick) {
  make();
  world().deliver(0, 0);
  settle();
  world().deliver(1, 4);
  world().deliver(5, 8);
  ASSERT_EQ(world().world.counters->batches_armed, 1U);
  world().now += kEvery;
  in_consume = [&](Batch& batch) {
    if (batch.front().offset().value == 5) world().the().runner->turn(world().now);
  };
  calls();
  settle();
  EXPECT_EQ(calls(), (Calls{"consume 1", "consume 5", "tick 0"}));
}

// Or its listener would look again and again.
TEST_P(BatchHooks, WhatWaitsForATickWakesNobody) {
  make(1, [](routing::Topic& topic) { topic.max_wait = 10ms; });
  world().deliver(0, 0);
  world().advance(10ms);
  settle();
  world().advance(kEvery);
  world().deliver(1, 1);
  world().advance(10ms);
  ASSERT_EQ(in_pool(), 1U);
  EXPECT_GT(*wakes_at(), world().now);
}

INSTANTIATE_TEST_SUITE_P(Batch, BatchHooks, testing::Values(routing::Flow::batch));

class ContinuousHooks : public PartitionHooksTest {};

TEST_P(ContinuousHooks, ATickHoldsUpItsOwnVirtualPartitionOnly) {
  make(2);
  world().deliver(0, 1);
  settle();
  world().advance(kEvery);
  ASSERT_EQ(in_pool(), 2U);
  calls();
  run_one();
  EXPECT_EQ(in_pool(), 1U);
  world().deliver(2, 5);
  EXPECT_EQ(in_pool(), 2U) << "a job of the one whose tick has returned";
  settle();
  EXPECT_EQ(calls().size(), 4U);
}

TEST_P(ContinuousHooks, ADueTickComesBehindWhatIsArmedAndBeforeWhatWaits) {
  make(1, [](routing::Topic& topic) { topic.max_messages = 1; });
  world().deliver(0, 0);
  settle();
  world().deliver(1, 1);
  world().deliver(2, 4);
  world().advance(kEvery);
  calls();
  settle();
  EXPECT_EQ(calls(), (Calls{"consume 1", "consume 2", "tick 0", "consume 3", "consume 4"}));
}

TEST_P(ContinuousHooks, UnderLoadThatNeverEndsTicksHaveTheirTurn) {
  make(1, [](routing::Topic& topic) { topic.max_messages = 1; });
  world().deliver(0, 999);
  int ticks = 0;
  in_tick = [&](const VirtualPartition&) { ++ticks; };
  for (int i = 0; i < 100; ++i) {
    world().pool->run_one();
    world().advance(10ms);
  }
  EXPECT_GE(ticks, 8);
  EXPECT_LE(ticks, 10);
}

// A ready one among others that wait for room in the pool.
TEST_P(ContinuousHooks, WhoWaitsForThePoolIsNotInItTwice) {
  make(3);
  world().deliver(0, 2);
  settle();
  ASSERT_EQ(script().made, 3);
  world().pool->room = 0;
  world().deliver(3, 8);
  world().advance(kEvery);
  world().pool->room = 100;
  world().turn();
  EXPECT_EQ(in_pool(), 3U);
  calls();
  settle();
  EXPECT_EQ(calls().size(), 6U) << "a tick and a job of each";
}

INSTANTIATE_TEST_SUITE_P(Continuous, ContinuousHooks, testing::Values(routing::Flow::continuous));

TEST(PartitionHooks, WhoAsksForNoHookHasNone) {
  CommitWorld world{routing::Commit{}};
  int called = 0;
  world.world.script.tick = world.world.script.end_of_partition = [&](const VirtualPartition&) { ++called; };
  world.queue.end = 1;
  world.deliver(0, 0);
  for (int i = 0; i < 4; ++i) world.run();
  world.advance(1h);
  world.run();
  EXPECT_EQ(called, 0);
  EXPECT_EQ(world.the().runner->wakes_at(), std::nullopt);
}

}  // namespace
}  // namespace braid::engine
