// What both flows do of a partition that is held: by a pause, or by a seek that waits.

#include "unit/engine/listener/commit_world.hpp"

#include <braid/partition_control.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

namespace braid::test_support {
namespace {

using Offsets = std::vector<std::int64_t>;

class HeldPartition : public ::testing::TestWithParam<routing::Flow> {
 protected:
  void make(std::uint32_t virtual_partitions, const std::function<void(routing::Topic&)>& tune = {}) {
    world.emplace(routing::Commit{}, GetParam(), virtual_partitions, tune);
  }
  [[nodiscard]] PartitionControl control() { return PartitionControl(world->world.assignment->steering()); }
  // As often as it takes; bounded.
  void run_dry() {
    for (int i = 0; i < 20; ++i) world->run();
  }
  [[nodiscard]] Offsets consumed() {
    Offsets sorted = world->consumed;
    std::ranges::sort(sorted);
    return sorted;
  }
  [[nodiscard]] static Offsets from_to(std::int64_t first, std::int64_t last) {
    Offsets all;
    for (; first <= last; ++first) all.push_back(first);
    return all;
  }

  std::optional<CommitWorld> world;
};

// The first share to run asks; the others are in the pool's queue already.
TEST_P(HeldPartition, NothingStartsBehindTheShareThatAsksForAPause) {
  make(4);
  Offsets first;
  world->in_consume = [&](Batch& batch, const Message&) {
    if (first.empty()) batch.control().pause();
    first.push_back(0);
  };
  world->deliver(0, 15);
  run_dry();
  const Offsets of_the_asking_share = world->consumed;
  EXPECT_LE(of_the_asking_share.size(), 4U);
  ASSERT_FALSE(of_the_asking_share.empty());
  for (const std::int64_t offset : of_the_asking_share) EXPECT_EQ(offset % 4, of_the_asking_share.front() % 4);
  EXPECT_TRUE(world->world.jobs->idle());

  world->advance(1h);
  run_dry();
  EXPECT_EQ(world->consumed, of_the_asking_share);

  control().resume();
  run_dry();
  EXPECT_EQ(consumed(), from_to(0, 15)) << "all of it, once";
  EXPECT_EQ(world->the().runner->position(), CommitPosition{16});
}

TEST_P(HeldPartition, APauseOfSomeTimeEndsByItself) {
  make(1);
  world->in_consume = [&](Batch& batch, const Message& message) {
    if (message.offset().value == 2) batch.control().pause(100ms);
  };
  world->deliver(0, 9);
  run_dry();
  EXPECT_EQ(world->consumed, from_to(0, 3)) << "the asking share goes on to its end";
  world->advance(99ms);
  run_dry();
  EXPECT_EQ(world->consumed.size(), 4U);
  world->advance(2ms);
  run_dry();
  EXPECT_EQ(world->consumed, from_to(0, 9));
}

TEST_P(HeldPartition, WhatIsArmedDoesNotStartEither) {
  make(1);
  world->deliver(0, 3);
  world->deliver(4, 7);
  ASSERT_EQ(world->world.counters->batches_armed.load(), 1U);
  world->in_consume = [&](Batch& batch, const Message& message) {
    if (message.offset().value == 3) batch.control().pause();
  };
  run_dry();
  EXPECT_EQ(world->consumed, from_to(0, 3));
  EXPECT_TRUE(world->world.jobs->idle());
  EXPECT_EQ(world->world.counters->jobs_running.load(), 0U);
  control().resume();
  run_dry();
  EXPECT_EQ(world->consumed, from_to(0, 7));
}

TEST_P(HeldPartition, ARetryWaitsForTheEndOfThePause) {
  make(1);
  bool failed = false;
  world->in_consume = [&](Batch& batch, const Message& message) {
    if (message.offset().value != 1 || failed) return;
    failed = true;
    batch.control().pause();
    throw std::runtime_error("once");
  };
  world->deliver(0, 3);
  run_dry();
  world->advance(1h);
  run_dry();
  EXPECT_EQ(world->consumed, (Offsets{0, 1}));
  EXPECT_EQ(world->the().runner->wakes_at(), std::nullopt) << "or the listener would not sleep";
  control().resume();
  run_dry();
  EXPECT_EQ(world->consumed, (Offsets{0, 1, 0, 1, 2, 3}));
}

// It is admitted up to the bounds, and kept.
TEST_P(HeldPartition, TakesWhatThereIsRoomForMeanwhile) {
  make(1);
  control().pause();
  world->deliver(0, 3);
  run_dry();
  EXPECT_TRUE(world->queue.waiting.empty());
  EXPECT_TRUE(world->consumed.empty());
  control().resume();
  run_dry();
  EXPECT_EQ(world->consumed, from_to(0, 3));
}

TEST_P(HeldPartition, WhatWasHeldNeverStartsOnceTheAssignmentEnds) {
  make(2);
  world->in_consume = [&](Batch& batch, const Message&) {
    if (!batch.control().paused()) batch.control().pause();
  };
  world->deliver(0, 3);
  run_dry();
  const Offsets before = world->consumed;
  EXPECT_EQ(before.size(), 2U);
  world->end();
  control().resume();
  run_dry();
  EXPECT_EQ(world->consumed, before);
  EXPECT_TRUE(world->world.jobs->idle());
}

TEST_P(HeldPartition, CapsAreGivenBackByWhatDidNotStart) {
  auto cap = std::make_shared<engine::JobCap>(1);
  make(4);
  world->world.assignment->caps() = engine::JobCaps(cap, nullptr);
  bool asked = false;
  world->in_consume = [&](Batch& batch, const Message&) {
    if (!std::exchange(asked, true)) batch.control().pause();
  };
  world->deliver(0, 7);
  run_dry();
  control().resume();
  run_dry();
  EXPECT_EQ(consumed(), from_to(0, 7));
  EXPECT_EQ(cap->out(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Flows, HeldPartition, ::testing::Values(routing::Flow::batch, routing::Flow::continuous),
                         [](const auto& test) {
                           return std::string(test.param == routing::Flow::batch ? "batch" : "continuous");
                         });

}  // namespace
}  // namespace braid::test_support
