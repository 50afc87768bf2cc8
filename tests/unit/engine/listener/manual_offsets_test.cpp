// `offsets: manual`, in both flows: who says what is done, and when.

#include "unit/engine/listener/commit_world.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using Numbers = std::vector<std::int64_t>;

class ManualOffsets : public testing::TestWithParam<routing::Flow> {
 protected:
  void make(std::uint32_t virtual_partitions = 1, std::uint32_t max_open = 100'000) {
    made_.emplace(routing::Commit{}, GetParam(), virtual_partitions, [&](routing::Topic& topic) {
      topic.offsets = routing::Offsets::manual;
      topic.max_open_offsets = max_open;
    });
    world().in_consume = [this](Batch& batch, const Message& message) {
      const VirtualPartition& where = batch.virtual_partition();
      where_[where.index().value] = &where;
      given_[where.index().value].push_back(message.offset().value);
      if (in_consume) in_consume(batch, message);
    };
  }
  CommitWorld& world() { return *made_; }
  void process(std::int64_t first, std::int64_t last) {
    world().deliver(first, last);
    for (int i = 0; i < 4; ++i) world().run();
  }
  [[nodiscard]] std::int64_t position() {
    PartitionRunner& runner = *world().the().runner;
    runner.fold();
    return runner.position()->value;
  }
  const VirtualPartition& where(std::uint32_t index = 0) { return *where_.at(index); }

  std::optional<CommitWorld> made_;
  std::map<std::uint32_t, const VirtualPartition*> where_;  // the consumers' own, which live as long as they do
  std::map<std::uint32_t, Numbers> given_;
  std::function<void(Batch&, const Message&)> in_consume;
};

TEST_P(ManualOffsets, ReturningMarksNothing) {
  make();
  process(0, 9);
  EXPECT_EQ(world().consumed.size(), 10U) << "the virtual partition is free for what follows";
  world().advance(1000ms);
  EXPECT_EQ(position(), 0);
  EXPECT_TRUE(world().store.sent.empty());
}

TEST_P(ManualOffsets, AMarkCoversEarlierBatches) {
  make();
  in_consume = [](Batch& batch, const Message& message) {
    if (message.offset().value == 5) batch.mark(message);
  };
  process(0, 3);
  process(4, 7);
  world().advance(1000ms);
  ASSERT_EQ(world().store.sent.size(), 1U);
  EXPECT_EQ(world().store.sent.back().second, 6);
}

TEST_P(ManualOffsets, ABatchThatIsGoneIsMarkedByOffset) {
  make();
  process(0, 3);
  world().turn();
  EXPECT_TRUE(world().world.owner->released_once(0, 3)) << "its messages are freed when it has returned";
  where().mark({2});
  world().advance(1000ms);
  ASSERT_EQ(world().store.sent.size(), 1U) << "a commit is due when marks moved";
  EXPECT_EQ(world().store.sent.back().second, 3);
  world().answer();
  where().mark({3});
  world().advance(1000ms);
  EXPECT_EQ(world().store.sent.back().second, 4);
}

TEST_P(ManualOffsets, AnEarlierBatchsOffsetCanBeMarkedFromALaterBatch) {
  make();
  process(0, 3);
  in_consume = [](Batch& batch, const Message&) { batch.mark(Offset{1}); };
  process(4, 7);
  EXPECT_EQ(position(), 2);
}

TEST_P(ManualOffsets, WhatWasNotGivenYetCannotBeMarked) {
  make();
  process(0, 3);
  EXPECT_THROW(where().mark({4}), std::invalid_argument);
  process(4, 4);
  EXPECT_EQ(position(), 0);
  where().mark({4});
  EXPECT_EQ(position(), 5);
}

TEST_P(ManualOffsets, AMarkCoversNoOtherVirtualPartition) {
  make(2);
  process(0, 7);
  ASSERT_EQ(given_.size(), 2U);
  const std::uint32_t of_first = given_[0].front() == 0 ? 0 : 1;
  const std::uint32_t other = 1 - of_first;
  where(other).mark({given_[other].back()});
  EXPECT_EQ(position(), 0);
  where(of_first).mark({given_[of_first].back()});
  EXPECT_EQ(position(), 8);
}

TEST_P(ManualOffsets, AnAttemptThatFailsIsRetriedFromItsFirstUnmarkedMessage) {
  make();
  bool failed = false;
  in_consume = [&](Batch& batch, const Message& message) {
    if (message.offset().value == 1) batch.mark(message);
    if (message.offset().value == 2 && !std::exchange(failed, true)) throw std::runtime_error("once");
  };
  process(0, 3);
  world().advance(10ms);
  world().run();
  EXPECT_EQ(world().consumed, (Numbers{0, 1, 2, 2, 3}));
  EXPECT_EQ(position(), 2);
}

TEST_P(ManualOffsets, WhatIsMarkedWhileARetryWaitsForItsWorkerIsNotBegunAgain) {
  make();
  bool failed = false;
  in_consume = [&](Batch&, const Message& message) {
    if (message.offset().value == 3 && !std::exchange(failed, true)) throw std::runtime_error("once");
  };
  process(0, 3);
  world().advance(10ms);
  ASSERT_EQ(world().pool->size(), 1U) << "the retry waits for a worker";
  where().mark({1});
  world().run();
  EXPECT_EQ(world().consumed, (Numbers{0, 1, 2, 3, 2, 3}));
}

TEST_P(ManualOffsets, OpenOffsetsAreBoundedAndMarksMakeRoom) {
  make(1, 8);
  process(0, 19);
  EXPECT_EQ(world().consumed.size(), 8U);
  where().mark({3});
  world().turn();
  world().run();
  EXPECT_EQ(world().consumed.size(), 12U);
}

// Who flushes by count may wait for the last one that there is room for.
TEST_P(ManualOffsets, TheBoundItselfIsReached) {
  make(1, 8);
  for (std::int64_t offset = 0; offset < 9; ++offset) process(offset, offset);
  EXPECT_EQ(world().consumed.size(), 8U);
}

TEST_P(ManualOffsets, WhatIsKeptLivesUntilTheLastHoldIsGone) {
  make();
  std::optional<KeptBatch> kept;
  in_consume = [&](Batch& batch, const Message&) {
    if (batch.front().offset().value == 0) kept = batch.keep();
  };
  process(0, 3);
  process(4, 7);
  world().turn();
  EXPECT_FALSE(world().world.owner->released().contains(0));
  ASSERT_EQ(kept->size(), 4U);
  EXPECT_EQ(kept->begin()->offset(), Offset{0});
  const KeptBatch copy = *kept;
  kept.reset();
  EXPECT_FALSE(world().world.owner->released().contains(0));
}

TEST_P(ManualOffsets, WhatWasKeptIsFreedWithTheLastHold) {
  make();
  std::optional<KeptBatch> kept;
  in_consume = [&](Batch& batch, const Message&) { kept = batch.keep(); };
  process(0, 3);
  world().turn();
  EXPECT_TRUE(world().world.owner->released().empty());
  kept.reset();
  EXPECT_TRUE(world().world.owner->released_once(0, 3));
}

TEST_P(ManualOffsets, MarksOfTheLastHookCount) {
  make();
  world().world.script.stopping = [](const VirtualPartition& where) { where.mark({2}); };
  process(0, 3);
  EXPECT_EQ(world().world.assignment->slot({0}).farewell(FarewellKind::stopping), nullptr);
  EXPECT_EQ(position(), 3);
}

TEST_P(ManualOffsets, CommittingOnDemandWaitsForWhatIsMarkedOnly) {
  make();
  process(0, 3);
  in_consume = [](Batch& batch, const Message& message) {
    if (message.offset().value != 4) return;
    batch.mark(Offset{1});
    batch.commit_async();
  };
  process(4, 4);
  ASSERT_EQ(world().store.sent.size(), 1U);
  EXPECT_EQ(world().store.sent.back().second, 2);
}

INSTANTIATE_TEST_SUITE_P(Flows, ManualOffsets, testing::Values(routing::Flow::batch, routing::Flow::continuous),
                         [](const auto& tested) {
                           return tested.param == routing::Flow::batch ? "batch" : "continuous";
                         });

TEST(AutomaticOffsets, AVirtualPartitionIsNotMarkedOutsideOfItsBatch) {
  CommitWorld world{routing::Commit{}};
  std::optional<bool> refused;
  world.in_consume = [&](Batch& batch, const Message&) {
    try {
      batch.virtual_partition().mark({0});
    } catch (const std::logic_error&) {
      refused = true;
    }
  };
  world.deliver(0, 0);
  world.run();
  EXPECT_EQ(refused, true);
}

}  // namespace
}  // namespace braid::engine
