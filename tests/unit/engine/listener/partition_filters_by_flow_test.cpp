// What filters hold: with a barrier the partition, without one a virtual partition.

#include "unit/engine/listener/filters_world.hpp"

#include <braid/routing/partition_by.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace braid::engine {
namespace {

using namespace filters_test;

// --- with a barrier

class BatchFilters : public PartitionFiltersTest {};

TEST_P(BatchFilters, WhatIsArmedIsNotTakenBackWhileTheHeadWaits) {
  make({throttle(6, 1h)});
  world().deliver(0, 3);  // runs
  world().deliver(4, 9);  // two of them are armed
  const Counters& counters = *world().world.counters;
  ASSERT_EQ(counters.batches_armed.load(), 1U);
  for (int i = 0; i < 5; ++i) world().turn();
  EXPECT_EQ(counters.batches_taken_back.load(), 0U);
  run_all();
  EXPECT_EQ(world().consumed, from_to(0, 5));
  EXPECT_EQ(position(), 6);
}

TEST_P(BatchFilters, AFullBatchDoesNotWakeForWhatWaits) {
  make({throttle(8, 8ms)});
  world().deliver(0, 15);  // 4 run, 4 are armed, the rest waits
  world().advance(8ms);
  world().advance(8ms);
  EXPECT_EQ(wakes_at(), std::nullopt) << "there is no room, and time makes none";
  run_all();
  EXPECT_EQ(world().consumed, from_to(0, 15));
}

TEST_P(BatchFilters, AKeyThatWaitsHoldsThePartition) {
  make({throttle_by_key(1, 1s)});
  world().world.owner->key = [](std::int64_t offset) { return offset == 3 ? "b" : "a"; };
  world().deliver(0, 3);
  run_all();
  EXPECT_EQ(world().consumed, Numbers{0});
  EXPECT_EQ(wakes_at(), world().now + 1s);
  for (int i = 0; i < 2; ++i) {
    world().advance(1s);
    run_all();
  }
  EXPECT_EQ(world().consumed, from_to(0, 3));
}

TEST_P(BatchFilters, AtMostOnceWhatIsSkippedIsBehindThePositionLikeAll) {
  skip_odd_ones();
  make({asking()}, {.when = When::before_processing});
  world().deliver(0, 5);
  ASSERT_EQ(world().store.sent.size(), 1U);
  EXPECT_EQ(world().store.sent.back().second, 3) << "2 is the last of the first batch";
  EXPECT_EQ(world().consumed, Numbers{});
  world().answer();
  run_all();
  EXPECT_EQ(world().consumed, (Numbers{0, 2}));
  EXPECT_EQ(world().store.sent.back().second, 5);
  world().answer();
  run_all();
  EXPECT_EQ(world().consumed, (Numbers{0, 2, 4}));
  world().advance(1000ms);
  EXPECT_EQ(world().store.sent.back().second, 6);
}

INSTANTIATE_TEST_SUITE_P(Batch, BatchFilters, testing::Values(routing::Flow::batch));

// --- without one

class ContinuousFilters : public PartitionFiltersTest {
 protected:
  // Even offsets to one virtual partition with the key `even`, odd ones to the other.
  CommitWorld& make_two(std::vector<routing::FilterSettings> filters, const routing::Commit& policy = {},
                        const std::function<void(routing::Topic&)>& tune = {}) {
    make(std::move(filters), policy, 2, [&](routing::Topic& topic) {
      topic.virtual_partitions.by = partition_by([](const Message& message) {
        return PartitionKey(static_cast<std::uint64_t>(message.offset().value % 2));
      });
      topic.virtual_partitions.reducer = reduce_by(
          [](const PartitionKey& key, std::uint32_t) { return static_cast<std::uint32_t>(key.number()); });
      if (tune) tune(topic);
    });
    world().world.owner->key = [](std::int64_t offset) { return offset % 2 == 0 ? "even" : "odd"; };
    return world();
  }
  [[nodiscard]] Numbers of(std::int64_t rest) {
    Numbers numbers;
    for (const std::int64_t offset : world().consumed) {
      if (offset % 2 == rest) numbers.push_back(offset);
    }
    return numbers;
  }
};

TEST_P(ContinuousFilters, AKeyThatWaitsHoldsItsVirtualPartitionAlone) {
  say = [](const Message& message, const FilterTime& time) {
    return message.offset().value == 4 && time.now < core::Time{} + 2h ? Verdict::wait(core::Time{} + 2h)
                                                                       : Verdict::pass();
  };
  make_two({asking(FilterStage::virtual_partition)});
  world().deliver(0, 29);
  run_all();
  EXPECT_EQ(of(0), (Numbers{0, 2}));
  EXPECT_EQ(of(1).size(), 15U) << "all of the others";
  EXPECT_EQ(position(), 4);
  EXPECT_EQ(wakes_at(), core::Time{} + 2h);
  world().advance(1h);
  run_all();
  EXPECT_EQ(of(0).size(), 15U);
  EXPECT_TRUE(std::ranges::is_sorted(of(0)));
  EXPECT_EQ(position(), 30);
  EXPECT_TRUE(world().world.owner->released_once(0, 29));
}

TEST_P(ContinuousFilters, EachKeyHasItsRate) {
  make_two({throttle_by_key(2, 1s)});
  world().deliver(0, 9);
  run_all();
  EXPECT_EQ(of(0), (Numbers{0, 2}));
  EXPECT_EQ(of(1), (Numbers{1, 3}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(wakes_at(), world().now + 500ms);
    world().advance(500ms);
    run_all();
  }
  EXPECT_EQ(consumed(), from_to(0, 9));
  EXPECT_EQ(position(), 10);
}

// The dispatcher asks for jobs behind the partition's turn; without another one the partition would sleep.
TEST_P(ContinuousFilters, AVirtualPartitionThatIsToldToWaitAsksForATurn) {
  say = [](const Message& message, const FilterTime& time) {
    return message.offset().value % 2 == 0 ? Verdict::wait(time.now + 1h) : Verdict::skip();
  };
  for (const std::int64_t offset : {0, 1}) {
    make_two({asking(FilterStage::virtual_partition)});
    world().deliver(offset, offset);
    const auto mail = world().world.mailbox->take();
    ASSERT_TRUE(mail.has_value());
    EXPECT_EQ(mail->kind, Mail::Kind::partition_ready);
    Mailbox::settle(*mail);
  }
}

TEST_P(ContinuousFilters, WhatRunsIsNotJoinedByWhatWaits) {
  make_two({throttle_by_key(5, 1h)});
  world().deliver(0, 7);   // jobs of 4
  world().deliver(8, 19);  // armed behind them
  EXPECT_EQ(world().world.counters->batches_armed.load(), 2U) << "of one message each";
  run_all();
  EXPECT_EQ(of(0), (Numbers{0, 2, 4, 6, 8}));
  EXPECT_EQ(of(1), (Numbers{1, 3, 5, 7, 9}));
}

TEST_P(ContinuousFilters, AFullQueueHoldsThePartition) {
  say = [](const Message& message, const FilterTime& time) {
    return message.offset().value % 2 == 0 ? Verdict::wait(time.now + 1h) : Verdict::pass();
  };
  make_two({asking(FilterStage::virtual_partition)}, {}, [](routing::Topic& topic) { topic.max_queued = 5; });
  world().deliver(0, 99);
  run_all();
  EXPECT_LT(of(1).size(), 50U);
  EXPECT_FALSE(world().queue.waiting.empty());
  EXPECT_EQ(position(), 0);
}

TEST_P(ContinuousFilters, OneOfAVirtualPartitionMaySkipToo) {
  say = [](const Message& message, const FilterTime&) {
    return message.offset().value % 4 < 2 ? Verdict::skip() : Verdict::pass();
  };
  for (const bool sticky_keys : {false, true}) {
    make_two({asking(FilterStage::virtual_partition)}, {}, [&](routing::Topic& topic) {
      if (sticky_keys) topic.virtual_partitions.reducer = sticky();
      topic.end_of_partition = true;
    });
    world().queue.end = 24;
    world().deliver(0, 23);
    run_all();
    EXPECT_EQ(consumed(), (Numbers{2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23}));
    EXPECT_EQ(position(), 24);
    EXPECT_EQ(filtered(), 12U);
    EXPECT_TRUE(world().world.owner->released_once(0, 23));
    EXPECT_EQ(wakes_at(), std::nullopt);
  }
}

TEST_P(ContinuousFilters, WhatWaitsAtTheEndOfItsVirtualPartitionIsFreedAndNotDone) {
  say = [](const Message& message, const FilterTime& time) {
    return message.offset().value == 4 ? Verdict::wait(time.now + 1h) : Verdict::pass();
  };
  make_two({asking(FilterStage::virtual_partition)});
  world().deliver(0, 9);
  run_all();
  world().end();
  EXPECT_EQ(position(), 4);
  EXPECT_EQ(of(0), (Numbers{0, 2}));
  EXPECT_TRUE(world().world.owner->released_once(0, 9));
}

INSTANTIATE_TEST_SUITE_P(Continuous, ContinuousFilters, testing::Values(routing::Flow::continuous));

}  // namespace
}  // namespace braid::engine
