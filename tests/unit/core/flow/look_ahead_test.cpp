// How far the continuous flow looks ahead of consumers that are quick, and past those that stand still.

#include "core/flow/continuous_flow.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

class LookAhead : public testing::Test {
 protected:
  void push(std::uint32_t index, int count) {
    for (int i = 0; i < count; ++i) {
      Message::Parts parts;
      parts.offset = Offset{next_offset_++};
      flow.push(index, Message(parts), 0, now);
    }
  }
  void run(std::uint32_t index) {
    std::vector<Message> messages;
    std::vector<KeyId> keys;
    flow.take(index, messages, keys);
  }
  void look(Duration later = 10ms) {
    now += later;
    flow.look_for_movement(now);
  }

  ContinuousFlow flow{{.max_partitions = 4, .max_messages = 2, .max_queued = 100, .look_ahead = 20}};
  Time now{1h};
  std::int64_t next_offset_ = 0;
};

TEST_F(LookAhead, NoMoreIsTakenThanWaitsAheadOfThoseThatMove) {
  EXPECT_EQ(flow.room(), 20U);
  push(0, 12);
  EXPECT_EQ(flow.room(), 8U);
  push(1, 9);
  EXPECT_EQ(flow.room(), 0U);
  run(0);
  run(1);
  EXPECT_EQ(flow.room(), 3U) << "17 of 21 are left";
  look();
  EXPECT_EQ(flow.room(), 3U) << "both have moved";
}

TEST_F(LookAhead, WhatStandsStillKeepsNobodyWaiting) {
  push(0, 30);
  push(1, 1);
  EXPECT_EQ(flow.room(), 0U);
  run(0);
  run(1);
  look();
  EXPECT_EQ(flow.room(), 0U) << "it has moved until now";
  EXPECT_EQ(flow.wakes_at(), now + 10ms) << "or nobody would look again";
  look();
  EXPECT_EQ(flow.room(), 20U);
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
  // Others find room behind it, again and again.
  for (int i = 0; i < 100; ++i) {
    if (flow.running(1)) flow.settled(1, now);
    push(1, 10);
    for (int job = 0; job < 5; ++job) {
      run(1);
      flow.settled(1, now);
    }
    look();
    ASSERT_GE(flow.room(), 10U);
  }
}

TEST_F(LookAhead, WhatWaitsForItsTurnIsWorthNoMore) {
  push(0, 30);
  for (int i = 0; i < 100; ++i) look();
  EXPECT_EQ(flow.room(), 0U) << "the workers have enough, however long they take";
  run(0);
  look();
  look();
  EXPECT_EQ(flow.room(), 20U) << "now one of them is slow";
}

TEST_F(LookAhead, OneThatMovesAgainCountsAgain) {
  push(0, 30);
  run(0);
  look();
  look();
  ASSERT_EQ(flow.room(), 20U);
  flow.settled(0, now);
  run(0);
  look();
  EXPECT_EQ(flow.room(), 0U);
}

TEST_F(LookAhead, LittleIsNotLookedAt) {
  push(0, 9);
  run(0);
  look();
  look();
  EXPECT_EQ(flow.room(), 13U);
}

TEST(LookAheadNone, ThereIsNoSuchBoundUnlessItIsSet) {
  ContinuousFlow flow({.max_partitions = 1, .max_queued = 1000});
  for (std::int64_t offset = 0; offset < 900; ++offset) {
    Message::Parts parts;
    parts.offset = Offset{offset};
    flow.push(0, Message(parts), 0, Time{1h});
  }
  EXPECT_EQ(flow.room(), 1000U);
}

}  // namespace
}  // namespace braid::core
