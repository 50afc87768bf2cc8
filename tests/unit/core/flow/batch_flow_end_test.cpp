// What the end of the partition does to the position: it moves over trailing markers, and over nothing else.

#include "core/flow/batch_flow.hpp"
#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using test_support::at_offsets;
using test_support::from_to;

constexpr Time kNow = Time{} + 1h;

BatchFlow flow_of(std::uint32_t max_messages = 10) {
  return BatchFlow({.max_messages = max_messages, .max_wait = 0ms, .retry_backoff = 100ms});
}

TEST(BatchFlowEnd, AMessageThatIsOnlyGatheredHoldsThePosition) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), kNow);
  flow.started();
  flow.gathered(from_to(3, 4), kNow);
  flow.reached_end(CommitPosition{9});
  flow.settled({0}, {2});
  EXPECT_EQ(flow.position(), CommitPosition{3});
  flow.started();
  flow.settled({3}, {4});
  EXPECT_EQ(flow.position(), CommitPosition{9});
}

TEST(BatchFlowEnd, AnArmedBatchHoldsThePositionUntilItHasSettled) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), kNow);
  flow.started();
  flow.gathered(from_to(3, 4), kNow);
  flow.armed();
  flow.reached_end(CommitPosition{9});
  flow.settled({0}, {2});
  ASSERT_TRUE(flow.running());
  EXPECT_EQ(flow.position(), CommitPosition{3});
  flow.settled({3}, {4});
  EXPECT_EQ(flow.position(), CommitPosition{9});
}

TEST(BatchFlowEnd, WhatWasDroppedHoldsThePositionForGood) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 2), kNow);
  flow.started();
  flow.gathered(from_to(3, 4), kNow);
  flow.stop_admission();
  flow.dropped();
  flow.reached_end(CommitPosition{9});
  flow.settled({0}, {2});
  EXPECT_EQ(flow.position(), CommitPosition{3});
  flow.reached_end(CommitPosition{9});
  EXPECT_EQ(flow.position(), CommitPosition{3});
}

TEST(BatchFlowEnd, TheLastMarkOfAnUnsettledBatchMovesItToo) {
  BatchFlow flow = flow_of();
  flow.gathered(from_to(0, 1), kNow);
  flow.started();
  flow.reached_end(CommitPosition{4});
  flow.done({1});
  EXPECT_EQ(flow.position(), CommitPosition{0});
  flow.done({0});
  EXPECT_EQ(flow.position(), CommitPosition{4});
}

TEST(BatchFlowEnd, AnEndWithoutAPlaceLeavesThePositionAlone) {
  BatchFlow flow = flow_of();
  flow.reached_end(std::nullopt);
  EXPECT_EQ(flow.position(), std::nullopt);
  flow.gathered(from_to(0, 1), kNow);
  flow.reached_end(CommitPosition{4});
  flow.reached_end(std::nullopt);
  flow.started();
  flow.settled({0}, {1});
  EXPECT_EQ(flow.position(), CommitPosition{4}) << "the place that was known is forgotten";
}

TEST(BatchFlowEnd, MarkersAfterMarkersMoveItFurther) {
  BatchFlow flow = flow_of();
  flow.reached_end(CommitPosition{3});
  flow.reached_end(CommitPosition{8});
  EXPECT_EQ(flow.position(), CommitPosition{8});
  flow.reached_end(CommitPosition{5});
  EXPECT_EQ(flow.position(), CommitPosition{8});
}

// The position by a list of what was gathered and is not done, and the furthest place that is known to be done.
RC_GTEST_PROP(BatchFlowEndProperties, ThePositionIsTheLowestOpenOffsetOrTheEnd, ()) {
  BatchFlow flow = flow_of(1000);
  std::set<std::int64_t> open;
  std::vector<std::int64_t> gathering;
  std::vector<std::int64_t> present;
  std::optional<std::int64_t> reached;  // nothing below it is open, if nothing is
  std::int64_t next = *rc::gen::inRange<std::int64_t>(0, 100);
  std::int64_t log_end = next;
  std::optional<std::int64_t> before;

  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100))) {
    if (step < 35) {  // some messages, with markers between them
      std::vector<std::int64_t> offsets;
      for (int i = 0; i <= step % 3; ++i) {
        next += step % 4 == 0 ? 2 : 0;
        offsets.push_back(next++);
      }
      flow.gathered(at_offsets(offsets), kNow);
      gathering.insert(gathering.end(), offsets.begin(), offsets.end());
      open.insert(offsets.begin(), offsets.end());
      reached = std::max(reached.value_or(0), next);
      log_end = std::max(log_end, next);
    } else if (step < 60) {  // the end, behind some markers or none; all of what is before it has been gathered
      next += step % 3;
      log_end = next;
      flow.reached_end(CommitPosition{log_end});
      reached = std::max(reached.value_or(0), log_end);
    } else if (step < 80) {
      if (present.empty() && !gathering.empty()) {
        flow.started();
        present.swap(gathering);
      } else if (!present.empty()) {
        flow.settled({present.front()}, {present.back()});
        for (const std::int64_t offset : present) open.erase(offset);
        present.clear();
      }
    } else if (step < 95) {
      if (present.empty()) continue;
      const std::int64_t offset = present[static_cast<std::size_t>(step) % present.size()];
      flow.done({offset});
      open.erase(offset);
    } else {
      flow.reached_end(std::nullopt);
    }
    const auto position = flow.position();
    RC_ASSERT(position.has_value() == reached.has_value());
    if (!position) continue;
    RC_ASSERT(position->value == (open.empty() ? *reached : *open.begin()));
    RC_ASSERT(!before || *before <= position->value);
    before = position->value;
  }
}

}  // namespace
}  // namespace braid::core
