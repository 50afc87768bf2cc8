// on_end_of_partition, in both flows: behind what, and how often.

#include "unit/engine/listener/hooks_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::PartitionHooksTest;

class PartitionEndHooks : public PartitionHooksTest {};

TEST_P(PartitionEndHooks, AnEndIsToldOnceBehindWhatCameBeforeIt) {
  make();
  world().queue.end = 4;
  world().deliver(0, 3);
  EXPECT_EQ(in_pool(), 1U);
  settle();
  EXPECT_EQ(calls(), (Calls{"consume 0", "end 0"}));
  world().queue.end = 4;
  world().turn();
  settle();
  EXPECT_EQ(calls(), Calls{}) << "told again, though nothing came";
  world().deliver(4, 4);
  settle();
  EXPECT_EQ(calls(), Calls{"consume 4"});
  world().queue.end = 5;
  world().turn();
  settle();
  EXPECT_EQ(calls(), Calls{"end 0"});
}

TEST_P(PartitionEndHooks, AnEndWaitsForTheRetryOfWhatCameBeforeIt) {
  make();
  bool failed = false;
  in_consume = [&](Batch&) {
    if (!std::exchange(failed, true)) throw std::runtime_error("once");
  };
  world().queue.end = 2;
  world().deliver(0, 1);
  settle();
  EXPECT_EQ(calls(), Calls{"consume 0"});
  world().advance(10ms);
  settle();
  EXPECT_EQ(calls(), (Calls{"consume 0", "end 0"}));
}

TEST_P(PartitionEndHooks, WhatCameBehindTheEndWaitsForTheHook) {
  make();
  world().queue.end = 2;
  world().deliver(0, 1);
  world().deliver(2, 5);
  settle();
  const Calls all = calls();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], "consume 0");
  EXPECT_TRUE(std::ranges::count(all, "end 0") == 1);
}

TEST_P(PartitionEndHooks, WhoHadNothingBeforeTheEndHearsOfItToo) {
  make(2);
  world().deliver(0, 1);
  settle();
  ASSERT_EQ(script().made, 2);
  calls();
  world().queue.end = 3;
  world().deliver(2, 2);
  settle();
  const Calls all = calls();
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(std::ranges::count(all, "end 0"), 1);
  EXPECT_EQ(std::ranges::count(all, "end 1"), 1);
}

TEST_P(PartitionEndHooks, AnEndThatThrowsIsLogged) {
  make();
  in_end = [](const VirtualPartition&) { throw 42; };
  world().queue.end = 1;
  world().deliver(0, 0);
  settle();
  EXPECT_EQ(world().warnings(),
            std::vector<std::string>{
                "events/0: on_end_of_partition of virtual partition 0 failed: something of type int"});
}

INSTANTIATE_TEST_SUITE_P(Flows, PartitionEndHooks, testing::Values(routing::Flow::batch, routing::Flow::continuous),
                         [](const auto& tested) {
                           return tested.param == routing::Flow::batch ? "batch" : "continuous";
                         });

class ContinuousEndHooks : public PartitionHooksTest {};

TEST_P(ContinuousEndHooks, AnEndIsToldWhereTheOthersAreNotDone) {
  make(2);
  world().deliver(0, 1);
  settle();
  world().queue.end = 4;
  world().deliver(2, 3);
  ASSERT_EQ(in_pool(), 2U);
  calls();
  run_one();
  world().pool->run_one();
  world().pool->run_one();
  EXPECT_EQ(std::ranges::count_if(calls(), [](const std::string& call) { return call.starts_with("end"); }), 1);
}

INSTANTIATE_TEST_SUITE_P(Continuous, ContinuousEndHooks, testing::Values(routing::Flow::continuous));

}  // namespace
}  // namespace braid::engine
