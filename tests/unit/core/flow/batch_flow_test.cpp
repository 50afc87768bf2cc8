#include "core/flow/batch_flow.hpp"

#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using test_support::at_offsets;
using test_support::from_to;
using Step = BatchFlow::Step;

constexpr Time at(std::chrono::milliseconds since) {
  return Time{} + 1h + since;
}

BatchFlow flow_of(std::uint32_t max_messages = 10, Duration max_wait = 0ms, Duration backoff = 100ms) {
  return BatchFlow({.max_messages = max_messages, .max_wait = max_wait, .retry_backoff = backoff});
}

// --- handing over

TEST(BatchFlow, HasNothingToHandOverAtFirst) {
  const BatchFlow flow = flow_of();
  EXPECT_EQ(flow.next(at(1h)), Step::wait);
  EXPECT_EQ(flow.room(), 10U);
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
  EXPECT_EQ(flow.position(), std::nullopt);
  EXPECT_EQ(flow.open_count(), 0U);
}

TEST(BatchFlow, HandsOverAtOnceWithoutMaxWait) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(5, 5), at(0ms));
  EXPECT_EQ(flow.next(at(0ms)), Step::start);
}

TEST(BatchFlow, WaitsForMaxWaitSinceTheFirstMessage) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(from_to(0, 1), at(0ms));
  flow.gathered(from_to(2, 3), at(40ms));
  EXPECT_EQ(flow.wakes_at(), at(50ms));
  EXPECT_EQ(flow.next(at(49ms)), Step::wait);
  EXPECT_EQ(flow.next(at(50ms)), Step::start);
}

TEST(BatchFlow, AFullBatchDoesNotWait) {
  BatchFlow flow = flow_of(4, 50ms);
  flow.gathered(from_to(0, 2), at(0ms));
  EXPECT_EQ(flow.next(at(1ms)), Step::wait);
  flow.gathered(from_to(3, 3), at(1ms));
  EXPECT_EQ(flow.room(), 0U);
  EXPECT_EQ(flow.next(at(1ms)), Step::start);
}

TEST(BatchFlow, TheEndOfThePartitionEndsTheWait) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(from_to(0, 2), at(0ms));
  flow.reached_end(std::nullopt);
  EXPECT_EQ(flow.next(at(0ms)), Step::start);
}

TEST(BatchFlow, MessagesBehindAnEndBringTheWaitBack) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.reached_end(std::nullopt);
  flow.gathered(from_to(0, 2), at(0ms));
  EXPECT_EQ(flow.next(at(0ms)), Step::wait);
}

TEST(BatchFlow, AnEndCountsForOneBatchOnly) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(from_to(0, 2), at(0ms));
  flow.reached_end(std::nullopt);
  flow.started();
  flow.gathered(from_to(3, 3), at(10ms));
  EXPECT_EQ(flow.next(at(10ms)), Step::wait);
  EXPECT_EQ(flow.wakes_at(), at(60ms));
}

TEST(BatchFlow, ArmsWhileOneRuns) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  EXPECT_TRUE(flow.running());
  EXPECT_EQ(flow.gathering(), 0U);
  flow.gathered(from_to(3, 5), at(1ms));
  EXPECT_EQ(flow.next(at(1ms)), Step::arm);
}

TEST(BatchFlow, NeverHandsOverTwoAtOnce) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  EXPECT_NE(flow.next(at(1h)), Step::start);
  flow.gathered(from_to(3, 5), at(1ms));
  EXPECT_NE(flow.next(at(1h)), Step::start);
  flow.armed();
  EXPECT_EQ(flow.next(at(1h)), Step::wait);
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
}

TEST(BatchFlow, TheArmedBatchRunsWhenThePresentOneHasSettled) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.gathered(from_to(3, 5), at(1ms));
  flow.armed();
  flow.settled({0}, {2});
  EXPECT_TRUE(flow.running());
  EXPECT_FALSE(flow.is_armed());
  EXPECT_EQ(flow.gathering(), 0U);
  EXPECT_EQ(flow.room(), 10U);
  EXPECT_EQ(flow.position(), CommitPosition{3});
  flow.settled({3}, {5});
  EXPECT_FALSE(flow.running());
  EXPECT_EQ(flow.position(), CommitPosition{6});
}

TEST(BatchFlow, WhatIsTakenBackGathersOnAndIsArmedAgain) {
  BatchFlow flow = flow_of(5);
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.gathered(from_to(3, 5), at(1ms));
  flow.armed();
  EXPECT_EQ(flow.room(), 2U);
  flow.taken_back();
  EXPECT_EQ(flow.gathering(), 3U);
  flow.gathered(from_to(6, 7), at(2ms));
  EXPECT_EQ(flow.room(), 0U);
  EXPECT_EQ(flow.next(at(2ms)), Step::arm);
}

TEST(BatchFlow, WhatGathersStartsWhenThePresentBatchSettlesUnarmed) {
  BatchFlow flow = flow_of(10, 50ms);
  flow.gathered(from_to(0, 9), at(0ms));
  flow.started();
  flow.gathered(from_to(10, 11), at(1ms));
  flow.settled({0}, {9});
  EXPECT_FALSE(flow.running());
  EXPECT_EQ(flow.gathering(), 2U);
  EXPECT_EQ(flow.next(at(1ms)), Step::wait);
  EXPECT_EQ(flow.next(at(51ms)), Step::start);
}

// --- attempts

TEST(BatchFlow, RetriesAfterTheBackoffAndNotBefore) {
  BatchFlow flow = flow_of(10, 0ms, 100ms);
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.failed(7, at(10ms));
  EXPECT_EQ(flow.waiting_for_retry(), 1U);
  EXPECT_EQ(flow.wakes_at(), at(110ms));
  EXPECT_TRUE(flow.take_due(at(109ms)).empty());
  EXPECT_EQ(flow.take_due(at(110ms)), std::vector<std::uint32_t>{7});
  EXPECT_EQ(flow.waiting_for_retry(), 0U);
  EXPECT_TRUE(flow.take_due(at(1h)).empty());
}

TEST(BatchFlow, EachFailureHasItsOwnBackoff) {
  BatchFlow flow = flow_of(10, 0ms, 100ms);
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.failed(1, at(50ms));
  flow.failed(2, at(10ms));
  EXPECT_EQ(flow.wakes_at(), at(110ms));
  EXPECT_EQ(flow.take_due(at(110ms)), std::vector<std::uint32_t>{2});
  EXPECT_EQ(flow.wakes_at(), at(150ms));
  EXPECT_EQ(flow.take_due(at(150ms)), std::vector<std::uint32_t>{1});
}

TEST(BatchFlow, WakesAtTheEarlierOfRetryAndMaxWait) {
  BatchFlow flow = flow_of(10, 50ms, 100ms);
  flow.gathered(from_to(0, 9), at(0ms));
  flow.started();
  flow.failed(0, at(0ms));
  EXPECT_EQ(flow.wakes_at(), at(100ms));
  flow.gathered(from_to(10, 10), at(20ms));
  EXPECT_EQ(flow.wakes_at(), at(70ms));
}

TEST(BatchFlow, NothingIsAdmittedHandedOverOrRetriedAfterAdmissionStopped) {
  BatchFlow flow = flow_of(10, 0ms, 100ms);
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.failed(0, at(0ms));
  flow.gathered(from_to(3, 5), at(1ms));
  flow.stop_admission();
  flow.failed(1, at(2ms));
  EXPECT_EQ(flow.room(), 0U);
  EXPECT_EQ(flow.next(at(1h)), Step::wait);
  EXPECT_TRUE(flow.take_due(at(1h)).empty());
  EXPECT_EQ(flow.wakes_at(), std::nullopt);
}

TEST(BatchFlow, WhatRunsStillSettlesAfterAdmissionStopped) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.stop_admission();
  flow.settled({0}, {2});
  EXPECT_EQ(flow.position(), CommitPosition{3});
}

// --- offsets

TEST(BatchFlow, ThePositionStartsAtTheFirstMessage) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(40, 42), at(0ms));
  EXPECT_EQ(flow.position(), CommitPosition{40});
  EXPECT_EQ(flow.open_count(), 3U);
}

TEST(BatchFlow, AbsentOffsetsHoldNothingBack) {
  BatchFlow flow = flow_of();
  flow.gathered(at_offsets({3, 7, 20}), at(0ms));
  flow.started();
  flow.done({3});
  EXPECT_EQ(flow.position(), CommitPosition{7});
  flow.done({7});
  EXPECT_EQ(flow.position(), CommitPosition{20});
  flow.settled({3}, {20});
  EXPECT_EQ(flow.position(), CommitPosition{21});
}

TEST(BatchFlow, AGapHoldsThePositionBackUntilItIsDone) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 4), at(0ms));
  flow.started();
  flow.done({1});
  flow.done({3});
  EXPECT_EQ(flow.position(), CommitPosition{0});
  flow.done({0});
  EXPECT_EQ(flow.position(), CommitPosition{2});
}

TEST(BatchFlow, WhatWasDroppedHoldsThePositionBelowIt) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 4), at(0ms));
  flow.started();
  flow.gathered(from_to(5, 6), at(1ms));
  flow.stop_admission();
  flow.dropped();
  EXPECT_EQ(flow.gathering(), 0U);
  flow.settled({0}, {4});
  EXPECT_FALSE(flow.running());
  EXPECT_EQ(flow.position(), CommitPosition{5});
  EXPECT_EQ(flow.open_count(), 2U);
}

TEST(BatchFlow, ADroppedArmedBatchDoesNotRunWhenThePresentOneSettles) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 4), at(0ms));
  flow.started();
  flow.gathered(from_to(5, 6), at(1ms));
  flow.armed();
  flow.taken_back();
  flow.dropped();
  flow.settled({0}, {4});
  EXPECT_FALSE(flow.running());
  EXPECT_EQ(flow.position(), CommitPosition{5});
}

TEST(BatchFlow, AtTheEndThePositionMovesOverTrailingMarkers) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.settled({0}, {2});
  flow.reached_end(CommitPosition{5});
  EXPECT_EQ(flow.position(), CommitPosition{5});
}

TEST(BatchFlow, ThePositionMovesOverTrailingMarkersOnlyWhenNothingIsOpen) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), at(0ms));
  flow.reached_end(CommitPosition{5});
  EXPECT_EQ(flow.position(), CommitPosition{0});
  flow.started();
  flow.done({0});
  EXPECT_EQ(flow.position(), CommitPosition{1});
  flow.settled({0}, {2});
  EXPECT_EQ(flow.position(), CommitPosition{5});
}

TEST(BatchFlow, APartitionOfMarkersAloneIsDoneAtItsEnd) {
  BatchFlow flow = flow_of();
  flow.reached_end(CommitPosition{7});
  EXPECT_EQ(flow.position(), CommitPosition{7});
}

TEST(BatchFlow, AnEarlierEndNeverMovesThePositionBack) {
  BatchFlow flow = flow_of();
  flow.reached_end(CommitPosition{7});
  flow.gathered(from_to(7, 9), at(0ms));
  flow.started();
  flow.settled({7}, {9});
  EXPECT_EQ(flow.position(), CommitPosition{10});
}

TEST(BatchFlow, AdmitsOnlyWhatTheLedgersWindowHoldsTogether) {
  constexpr auto window = static_cast<std::int64_t>(OffsetLedger::kMaxWindowDefault);
  BatchFlow flow = flow_of();
  EXPECT_EQ(flow.admissible({}), 0U);
  // Nothing is open yet, so the first of them is where the window starts; each alone would fit.
  EXPECT_EQ(flow.admissible(at_offsets({0, window - 1, window})), 2U);
  flow.gathered(at_offsets({0, window - 1}), at(0ms));
  EXPECT_EQ(flow.admissible(at_offsets({window})), 0U);
  flow.started();
  flow.settled({0}, {window - 1});
  EXPECT_EQ(flow.admissible(at_offsets({window, 2 * window - 1, 2 * window})), 2U);
  flow.gathered(at_offsets({window, 2 * window - 1}), at(1ms));
  EXPECT_EQ(flow.position(), CommitPosition{window});
}

TEST(BatchFlowDeathTest, RefusesMoreThanABatchHolds) {
  BatchFlow flow = flow_of(2);
  EXPECT_DEATH(flow.gathered(from_to(0, 2), at(0ms)), "max_messages");
}

TEST(BatchFlowDeathTest, RefusesToStartTwo) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), at(0ms));
  flow.started();
  flow.gathered(from_to(3, 3), at(0ms));
  EXPECT_DEATH(flow.started(), "one batch runs at a time");
}

}  // namespace
}  // namespace braid::core
