#include "core/flow/batch_flow.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using Step = BatchFlow::Step;

constexpr Time at(std::chrono::milliseconds since) {
  return Time{} + 1h + since;
}

BatchFlow flow_of(std::uint32_t max_messages = 10, Duration max_wait = 0ms) {
  return BatchFlow({.max_messages = max_messages, .max_wait = max_wait});
}

// --- handing over

TEST(BatchFlow, HasNothingToHandOverAtFirst) {
  const BatchFlow flow = flow_of();
  EXPECT_EQ(flow.next(at(1h)), Step::wait);
  EXPECT_EQ(flow.room(), 10U);
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
}

TEST(BatchFlow, HandsOverAtOnceWithoutMaxWait) {
  BatchFlow flow = flow_of();
  flow.gathered(1, at(0ms));
  EXPECT_EQ(flow.next(at(0ms)), Step::start);
}

TEST(BatchFlow, WaitsForMaxWaitSinceTheFirstMessage) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(2, at(0ms));
  flow.gathered(2, at(40ms));
  EXPECT_EQ(flow.wakes_at(), at(50ms));
  EXPECT_EQ(flow.next(at(49ms)), Step::wait);
  EXPECT_EQ(flow.next(at(50ms)), Step::start);
}

TEST(BatchFlow, AFullBatchDoesNotWait) {
  BatchFlow flow = flow_of(4, 50ms);
  flow.gathered(3, at(0ms));
  EXPECT_EQ(flow.next(at(1ms)), Step::wait);
  flow.gathered(1, at(1ms));
  EXPECT_EQ(flow.room(), 0U);
  EXPECT_EQ(flow.next(at(1ms)), Step::start);
}

TEST(BatchFlow, TheEndOfThePartitionEndsTheWait) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(3, at(0ms));
  flow.reached_end();
  EXPECT_EQ(flow.next(at(0ms)), Step::start);
}

TEST(BatchFlow, MessagesBehindAnEndBringTheWaitBack) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.reached_end();
  flow.gathered(3, at(0ms));
  EXPECT_EQ(flow.next(at(0ms)), Step::wait);
}

TEST(BatchFlow, AnEndCountsForOneBatchOnly) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(3, at(0ms));
  flow.reached_end();
  flow.started();
  flow.gathered(1, at(10ms));
  EXPECT_EQ(flow.next(at(10ms)), Step::wait);
  EXPECT_EQ(flow.wakes_at(), at(60ms));
}

TEST(BatchFlow, ArmsWhileOneRuns) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  EXPECT_TRUE(flow.running());
  EXPECT_EQ(flow.gathering(), 0U);
  flow.gathered(3, at(1ms));
  EXPECT_EQ(flow.next(at(1ms)), Step::arm);
}

TEST(BatchFlow, NeverHandsOverTwoAtOnce) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  EXPECT_NE(flow.next(at(1h)), Step::start);
  flow.gathered(3, at(1ms));
  EXPECT_NE(flow.next(at(1h)), Step::start);
  flow.armed();
  EXPECT_EQ(flow.next(at(1h)), Step::wait);
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
}

TEST(BatchFlow, TheArmedBatchRunsWhenThePresentOneHasSettled) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  flow.gathered(3, at(1ms));
  flow.armed();
  flow.settled();
  EXPECT_TRUE(flow.running());
  EXPECT_FALSE(flow.is_armed());
  EXPECT_EQ(flow.gathering(), 0U);
  EXPECT_EQ(flow.room(), 10U);
  flow.settled();
  EXPECT_FALSE(flow.running());
}

TEST(BatchFlow, WhatIsTakenBackGathersOnAndIsArmedAgain) {
  BatchFlow flow = flow_of(5);
  flow.gathered(3, at(0ms));
  flow.started();
  flow.gathered(3, at(1ms));
  flow.armed();
  EXPECT_EQ(flow.room(), 2U);
  flow.taken_back();
  EXPECT_EQ(flow.gathering(), 3U);
  flow.gathered(2, at(2ms));
  EXPECT_EQ(flow.room(), 0U);
  EXPECT_EQ(flow.next(at(2ms)), Step::arm);
}

TEST(BatchFlow, WhatGathersStartsWhenThePresentBatchSettlesUnarmed) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(10, at(0ms));
  flow.started();
  flow.gathered(2, at(1ms));
  flow.settled();
  EXPECT_FALSE(flow.running());
  EXPECT_EQ(flow.gathering(), 2U);
  EXPECT_EQ(flow.next(at(1ms)), Step::wait);
  EXPECT_EQ(flow.next(at(51ms)), Step::start);
}

TEST(BatchFlow, WhileItIsHeldNothingIsHandedOverAndNoTimeChangesThat) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(1, at(0ms));
  flow.hold(true);
  EXPECT_EQ(flow.next(at(50ms)), Step::wait);
  EXPECT_EQ(flow.wakes_at(), std::nullopt) << "or its listener would look again and again";
  flow.hold(false);
  EXPECT_EQ(flow.wakes_at(), at(50ms));
  EXPECT_EQ(flow.next(at(50ms)), Step::start);
  flow.started();
  flow.gathered(10, at(60ms));
  flow.hold(true);
  EXPECT_EQ(flow.next(at(60ms)), Step::wait) << "nor is anything armed";
  flow.failed(0, at(160ms));
  EXPECT_EQ(flow.wakes_at(), at(160ms)) << "but what runs is tried again";
  flow.hold(false);
  EXPECT_EQ(flow.next(at(60ms)), Step::arm);
}

// --- attempts

TEST(BatchFlow, RetriesWhenItIsDueAndNotBefore) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  flow.failed(7, at(110ms));
  EXPECT_EQ(flow.waiting_for_retry(), 1U);
  EXPECT_EQ(flow.wakes_at(), at(110ms));
  EXPECT_TRUE(flow.take_due(at(109ms)).empty());
  EXPECT_EQ(flow.take_due(at(110ms)), std::vector<std::uint32_t>{7});
  EXPECT_EQ(flow.waiting_for_retry(), 0U);
  EXPECT_TRUE(flow.take_due(at(1h)).empty());
}

TEST(BatchFlow, EachFailureHasItsOwnPause) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  flow.failed(1, at(150ms));
  flow.failed(2, at(110ms));
  EXPECT_EQ(flow.wakes_at(), at(110ms));
  EXPECT_EQ(flow.take_due(at(110ms)), std::vector<std::uint32_t>{2});
  EXPECT_EQ(flow.wakes_at(), at(150ms));
  EXPECT_EQ(flow.take_due(at(150ms)), std::vector<std::uint32_t>{1});
}

TEST(BatchFlow, WakesAtTheEarlierOfRetryAndMaxWait) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(10, at(0ms));
  flow.started();
  flow.failed(0, at(100ms));
  EXPECT_EQ(flow.wakes_at(), at(100ms));
  flow.gathered(1, at(20ms));
  EXPECT_EQ(flow.wakes_at(), at(70ms));
}

TEST(BatchFlow, NothingIsAdmittedHandedOverOrRetriedAfterAdmissionStopped) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  flow.failed(0, at(100ms));
  flow.gathered(3, at(1ms));
  flow.stop_admission();
  flow.failed(1, at(102ms));
  EXPECT_EQ(flow.room(), 0U);
  EXPECT_EQ(flow.next(at(1h)), Step::wait);
  EXPECT_TRUE(flow.take_due(at(1h)).empty());
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
}

TEST(BatchFlow, WhatRunsStillSettlesAfterAdmissionStopped) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  flow.stop_admission();
  flow.settled();
}

TEST(BatchFlow, WhatWasDroppedDoesNotRunWhenThePresentBatchSettles) {
  BatchFlow flow = flow_of();
  flow.gathered(5, at(0ms));
  flow.started();
  flow.gathered(2, at(1ms));
  flow.armed();
  flow.stop_admission();
  flow.taken_back();
  flow.dropped();
  EXPECT_EQ(flow.gathering(), 0U);
  flow.settled();
  EXPECT_FALSE(flow.running());
}

TEST(BatchFlowDeathTest, RefusesMoreThanABatchHolds) {
  BatchFlow flow = flow_of(2);
  EXPECT_DEATH(flow.gathered(3, at(0ms)), "max_messages");
}

TEST(BatchFlowDeathTest, RefusesToStartTwo) {
  BatchFlow flow = flow_of();
  flow.gathered(3, at(0ms));
  flow.started();
  flow.gathered(1, at(0ms));
  EXPECT_DEATH(flow.started(), "one batch runs at a time");
}

}  // namespace
}  // namespace braid::core
