#include "core/flow/continuous_flow.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using Offsets = std::vector<std::int64_t>;

class ContinuousFlowTest : public testing::Test {
 protected:
  void make(ContinuousFlow::Settings settings) { flow_.emplace(settings); }
  ContinuousFlow& flow() {
    if (!flow_) make({.max_partitions = 4, .max_messages = 2, .max_queued = 5});
    return *flow_;
  }
  // Messages of one virtual partition, with the next offsets.
  void push(std::uint32_t index, int count = 1) {
    for (int i = 0; i < count; ++i) {
      Message::Parts parts;
      parts.offset = Offset{next_offset_++};
      flow().push(index, Message(parts), 0, now_);
    }
  }
  Offsets take(std::uint32_t index) {
    std::vector<Message> messages;
    std::vector<KeyId> keys;
    flow().take(index, messages, keys);
    Offsets offsets;
    for (const Message& message : messages) offsets.push_back(message.offset().value);
    return offsets;
  }
  void advance(Duration by) {
    now_ += by;
    flow().run_timers(now_);
  }

  std::optional<ContinuousFlow> flow_;
  Time now_{1h};
  std::int64_t next_offset_ = 0;
};

TEST_F(ContinuousFlowTest, StartsWhatComesAtOnce) {
  push(2);
  ASSERT_EQ(flow().next(), 2U);
  EXPECT_EQ(take(2), Offsets{0});
  EXPECT_EQ(flow().next(), std::nullopt);
}

TEST_F(ContinuousFlowTest, TakesAtMostMaxMessagesInOneJob) {
  push(1, 5);
  EXPECT_EQ(take(1), (Offsets{0, 1}));
  EXPECT_EQ(flow().next(), std::nullopt) << "one job of a virtual partition at a time";
  flow().settled(1, now_);
  EXPECT_EQ(flow().next(), 1U);
  EXPECT_EQ(take(1), (Offsets{2, 3}));
}

TEST_F(ContinuousFlowTest, WhileItIsOccupiedAVirtualPartitionIsNotReady) {
  push(1, 3);
  push(2);
  flow().occupy(1);
  EXPECT_EQ(flow().next(), 2U);
  EXPECT_EQ(flow().ready_count(), 1U);
  push(1);
  flow().occupy(0);
  push(0);
  EXPECT_EQ(flow().ready_count(), 1U);
  flow().settled(0, now_);
  flow().settled(1, now_);
  EXPECT_EQ(flow().next(), 1U);
  EXPECT_EQ(take(1), (Offsets{0, 1}));
  EXPECT_EQ(flow().ready_count(), 2U);
}

TEST_F(ContinuousFlowTest, WhatWasToGoOnFillingWhileItWasOccupiedIsReadyWhenItsTimeIsOver) {
  make({.max_partitions = 2, .max_messages = 10, .max_wait = 50ms, .max_queued = 100});
  push(0);
  flow().occupy(0);
  advance(50ms);
  EXPECT_FALSE(flow().any_ready());
  EXPECT_EQ(flow().wakes_at(), std::nullopt);
  flow().settled(0, now_);
  EXPECT_EQ(flow().next(), 0U);
}

TEST_F(ContinuousFlowTest, ASlowOneHoldsUpNobodyElse) {
  push(0);
  take(0);
  push(0);
  push(3);
  EXPECT_EQ(flow().next(), 3U);
}

TEST_F(ContinuousFlowTest, TheLongestQueueIsFirst) {
  push(0, 1);
  push(1, 3);
  push(2, 2);
  Offsets order;
  while (const auto index = flow().next()) {
    order.push_back(*index);
    take(*index);
  }
  EXPECT_EQ(order, (Offsets{1, 2, 0}));
}

TEST_F(ContinuousFlowTest, AFullQueueLetsThePartitionWait) {
  EXPECT_GT(flow().room(), 0U);
  push(0, 4);
  EXPECT_GT(flow().room(), 0U);
  push(0);
  EXPECT_EQ(flow().room(), 0U);
  EXPECT_EQ(flow().full(), 1U);
  take(0);
  EXPECT_GT(flow().room(), 0U) << "two went, three are left";
}

TEST_F(ContinuousFlowTest, OneTakeMayOverfillAQueue) {
  push(0, 8);
  EXPECT_EQ(flow().full(), 1U);
  take(0);
  EXPECT_EQ(flow().room(), 0U) << "six are left, five are allowed";
  flow().settled(0, now_);
  take(0);
  EXPECT_GT(flow().room(), 0U);
}

TEST_F(ContinuousFlowTest, AFailedOneWaitsForItsBackoffAlone) {
  push(0);
  push(1);
  take(0);
  take(1);
  flow().failed(0, now_ + 100ms);
  EXPECT_EQ(flow().wakes_at(), now_ + 100ms);
  push(0);
  EXPECT_EQ(flow().next(), std::nullopt) << "behind the one that failed";
  advance(99ms);
  EXPECT_EQ(flow().take_due(now_), std::nullopt);
  advance(1ms);
  EXPECT_EQ(flow().take_due(now_), 0U);
  EXPECT_EQ(flow().take_due(now_), std::nullopt);
  flow().settled(0, now_);
  EXPECT_EQ(flow().next(), 0U);
}

TEST_F(ContinuousFlowTest, WhatRunsMayBeFollowedUnlessAnotherIsLonger) {
  push(0);
  take(0);
  EXPECT_FALSE(flow().may_follow(0, now_)) << "nothing waits";
  push(0, 2);
  EXPECT_TRUE(flow().may_follow(0, now_));
  push(1, 2);
  EXPECT_TRUE(flow().may_follow(0, now_)) << "equal";
  push(1);
  EXPECT_FALSE(flow().may_follow(0, now_));
  take(1);
  EXPECT_EQ(take(0), (Offsets{1, 2}));
}

TEST_F(ContinuousFlowTest, WithMaxWaitAVirtualPartitionFillsFirst) {
  make({.max_partitions = 4, .max_messages = 3, .max_wait = 50ms, .max_queued = 100});
  push(0);
  EXPECT_EQ(flow().next(), std::nullopt);
  EXPECT_EQ(flow().wakes_at(), now_ + 50ms);
  push(0, 2);
  EXPECT_EQ(flow().next(), 0U) << "full";
  push(1);
  advance(50ms);
  EXPECT_TRUE(flow().ready_count() == 2);
}

TEST_F(ContinuousFlowTest, WhatAJobLeavesBehindGoesOnFilling) {
  make({.max_partitions = 1, .max_messages = 3, .max_wait = 50ms, .max_queued = 100});
  push(0, 4);
  take(0);
  flow().settled(0, now_);
  EXPECT_EQ(flow().next(), std::nullopt);
  ASSERT_EQ(flow().wakes_at(), now_ + 50ms);
  advance(50ms);
  EXPECT_EQ(flow().next(), 0U);
}

TEST_F(ContinuousFlowTest, WhatFilledWhileItRanIsReadyBehindIt) {
  make({.max_partitions = 1, .max_messages = 3, .max_wait = 50ms, .max_queued = 100});
  push(0, 3);
  take(0);
  push(0);
  advance(50ms);
  EXPECT_EQ(flow().next(), std::nullopt);
  EXPECT_TRUE(flow().may_follow(0, now_));
  flow().settled(0, now_);
  EXPECT_EQ(flow().next(), 0U);
}

TEST_F(ContinuousFlowTest, TheEndOfThePartitionEndsTheWait) {
  make({.max_partitions = 3, .max_messages = 3, .max_wait = 50ms, .max_queued = 100});
  push(0);
  push(1);
  push(2, 3);
  take(2);
  push(2);
  flow().reached_end();
  EXPECT_EQ(flow().ready_count(), 2U);
  push(1);
  flow().settled(2, now_);
  advance(50ms);
  EXPECT_EQ(flow().ready_count(), 3U) << "the one that ran meanwhile is not forgotten";
}

TEST_F(ContinuousFlowTest, AfterTheEndOfAdmissionNothingIsRetried) {
  push(0);
  take(0);
  flow().failed(0, now_ + 100ms);
  flow().stop_admission();
  EXPECT_EQ(flow().room(), 0U);
  EXPECT_EQ(flow().take_due(now_ + 1h), std::nullopt);
  EXPECT_EQ(flow().wakes_at(), std::nullopt);
}

TEST_F(ContinuousFlowTest, GivesUpWhatWaits) {
  push(0, 3);
  push(1, 5);
  take(0);
  std::vector<Message> messages;
  std::vector<KeyId> keys;
  std::vector<std::uint32_t> indexes;
  flow().stop_admission();
  flow().drop(messages, keys, indexes);
  EXPECT_EQ(messages.size(), 6U);
  EXPECT_EQ(indexes, (std::vector<std::uint32_t>{0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(flow().next(), std::nullopt);
  EXPECT_EQ(flow().queued(), 0U);
  flow().settled(0, now_);
  EXPECT_EQ(flow().next(), std::nullopt);
}

}  // namespace
}  // namespace braid::core
