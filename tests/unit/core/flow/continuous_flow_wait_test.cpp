// Virtual partitions that wait for a time before their next message may run.

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

class ContinuousFlowWait : public testing::Test {
 protected:
  void push(std::uint32_t index, int count = 1) {
    for (int i = 0; i < count; ++i) {
      Message::Parts parts;
      parts.offset = Offset{next_offset_++};
      flow.push(index, Message(parts), 0, now);
    }
  }
  Offsets take(std::uint32_t index, std::uint32_t most) {
    std::vector<Message> messages;
    std::vector<KeyId> keys;
    flow.take(index, most, messages, keys);
    return offsets_of(messages);
  }
  Offsets remove_first(std::uint32_t index) {
    std::vector<Message> messages;
    std::vector<KeyId> keys;
    flow.remove_first(index, messages, keys);
    return offsets_of(messages);
  }
  void advance(Duration by) {
    now += by;
    flow.run_timers(now);
  }

  Time now{1h};
  ContinuousFlow flow{{.max_partitions = 4, .max_messages = 2, .max_queued = 5}};

 private:
  static Offsets offsets_of(const std::vector<Message>& messages) {
    Offsets offsets;
    for (const Message& message : messages) offsets.push_back(message.offset().value);
    return offsets;
  }
  std::int64_t next_offset_ = 0;
};

TEST_F(ContinuousFlowWait, OthersGoOn) {
  push(1, 3);
  push(2);
  ASSERT_EQ(flow.next(), 1U);
  flow.wait(1, now + 10ms);
  EXPECT_EQ(flow.next(), 2U);
  EXPECT_EQ(flow.wakes_at(), now + 10ms);
  push(1);
  EXPECT_EQ(flow.next(), 2U) << "more of it does not make it ready";
  flow.reached_end();
  EXPECT_EQ(flow.ready_count(), 1U);
}

TEST_F(ContinuousFlowWait, GoesOnAtItsTimeInOrder) {
  push(1, 3);
  flow.wait(1, now + 10ms);
  advance(10ms - 1ns);
  EXPECT_EQ(flow.next(), std::nullopt);
  advance(1ns);
  ASSERT_EQ(flow.next(), 1U);
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
  EXPECT_EQ(take(1, 1), Offsets{0});
  EXPECT_EQ(take(1, 1), Offsets{1}) << "more for the same job";
  EXPECT_EQ(flow.next(), std::nullopt) << "it runs";
  flow.settled(1, now);
  EXPECT_EQ(flow.next(), 1U);
}

TEST_F(ContinuousFlowWait, AHookMayHaveItsTurnMeanwhile) {
  push(1);
  flow.wait(1, now + 10ms);
  flow.occupy(1);
  flow.settled(1, now);
  EXPECT_EQ(flow.next(), std::nullopt) << "it still waits";
  flow.occupy(1);
  advance(10ms);
  EXPECT_EQ(flow.next(), std::nullopt) << "the hook still runs";
  flow.settled(1, now);
  EXPECT_EQ(flow.next(), 1U);
}

TEST_F(ContinuousFlowWait, AFullQueueStillFillsThePartition) {
  push(1, 5);
  flow.wait(1, now + 10ms);
  EXPECT_EQ(flow.room(), 0U);
  EXPECT_EQ(flow.full(), 1U);
  advance(10ms);
  EXPECT_EQ(remove_first(1), Offsets{0});
  EXPECT_EQ(flow.room(), 5U);
}

TEST_F(ContinuousFlowWait, WhatIsRemovedLeavesNothingReadyBehind) {
  push(1, 2);
  EXPECT_EQ(remove_first(1), Offsets{0});
  EXPECT_EQ(flow.next(), 1U);
  EXPECT_EQ(remove_first(1), Offsets{1});
  EXPECT_EQ(flow.next(), std::nullopt);
  push(1);
  EXPECT_EQ(flow.next(), 1U);
}

TEST_F(ContinuousFlowWait, WhatRunsCanLoseWhatWaitsBehindIt) {
  push(1, 2);
  EXPECT_EQ(take(1, 1), Offsets{0});
  EXPECT_EQ(remove_first(1), Offsets{1});
  flow.settled(1, now);
  EXPECT_EQ(flow.next(), std::nullopt);
}

TEST_F(ContinuousFlowWait, WhatStillFillsGoesOnWhenBothAreOver) {
  ContinuousFlow filling{{.max_partitions = 1, .max_messages = 2, .max_wait = 10ms, .max_queued = 5}};
  Message::Parts parts;
  parts.offset = Offset{0};
  filling.push(0, Message(parts), 0, now);
  filling.reached_end();
  ASSERT_EQ(filling.next(), 0U);
  filling.wait(0, now + 20ms);
  filling.run_timers(now + 10ms);
  EXPECT_EQ(filling.next(), std::nullopt) << "it has waited for more, and not for its time";
  filling.run_timers(now + 20ms);
  EXPECT_EQ(filling.next(), 0U);
}

TEST_F(ContinuousFlowWait, NothingWaitsAfterTheEnd) {
  push(1);
  flow.wait(1, now + 10ms);
  flow.stop_admission();
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
}

}  // namespace
}  // namespace braid::core
