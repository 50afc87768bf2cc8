#include "core/offsets/partition_offsets.hpp"

#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace braid::core {
namespace {

using test_support::at_offsets;
using test_support::offsets_of;
using Numbers = std::vector<std::int64_t>;
using Ranges = std::vector<OffsetRange>;

constexpr std::size_t kAll = OffsetLedger::kNoLimit;

PartitionOffsets starting_at(std::int64_t position, Ranges done_before = {}) {
  return PartitionOffsets({.position = CommitPosition{position}, .done_before = std::move(done_before)});
}

// What one call let pass, and what it dropped.
struct Come {
  PartitionOffsets::Passed passed;
  Numbers kept;
  Numbers dropped;
};
Come come(PartitionOffsets& offsets, const Numbers& numbers) {
  auto messages = at_offsets(numbers);
  std::vector<Message> dropped;
  const auto passed = offsets.pass(messages, 0, dropped);
  offsets.admit(messages);
  return {passed, offsets_of(messages), offsets_of(dropped)};
}

// --- what passes

TEST(PartitionOffsets, LetsWhatIsExpectedPass) {
  auto offsets = starting_at(5);
  const auto come_now = come(offsets, {5, 6, 7});
  EXPECT_EQ(come_now.passed.stale, 0U);
  EXPECT_EQ(come_now.passed.jumps, 0U);
  EXPECT_EQ(come_now.kept, (Numbers{5, 6, 7}));
  EXPECT_EQ(offsets.expected(), CommitPosition{8});
}

TEST(PartitionOffsets, DropsWhatIsBelowTheStart) {
  auto offsets = starting_at(5);
  const auto come_now = come(offsets, {3, 4, 5});
  EXPECT_EQ(come_now.passed.stale, 2U);
  EXPECT_EQ(come_now.kept, (Numbers{5}));
  EXPECT_EQ(come_now.dropped, (Numbers{3, 4}));
}

TEST(PartitionOffsets, DropsWhatComesTwice) {
  auto offsets = starting_at(5);
  const auto come_now = come(offsets, {5, 6, 5, 6, 7});
  EXPECT_EQ(come_now.passed.stale, 2U);
  EXPECT_EQ(come_now.kept, (Numbers{5, 6, 7}));
}

TEST(PartitionOffsets, LetsJumpsPassAndCountsThem) {
  auto offsets = starting_at(5);
  const auto come_now = come(offsets, {7, 8, 20});
  EXPECT_EQ(come_now.passed.jumps, 2U);
  EXPECT_EQ(come_now.kept, (Numbers{7, 8, 20}));
  EXPECT_EQ(offsets.expected(), CommitPosition{21});
}

TEST(PartitionOffsets, TheFirstMessageIsTheStartWhereThereIsNone) {
  PartitionOffsets offsets({});
  EXPECT_EQ(offsets.position(), std::nullopt);
  EXPECT_EQ(offsets.expected(), std::nullopt);
  const auto come_now = come(offsets, {100, 101});
  EXPECT_EQ(come_now.passed.jumps, 0U);
  EXPECT_EQ(come_now.passed.stale, 0U);
  EXPECT_EQ(offsets.expected(), CommitPosition{102});
  EXPECT_EQ(offsets.position(), CommitPosition{100});
}

TEST(PartitionOffsets, NothingLeavesTheExpectationAlone) {
  PartitionOffsets offsets({});
  auto messages = at_offsets({1, 2});
  std::vector<Message> dropped;
  offsets.pass(messages, 2, dropped);
  EXPECT_FALSE(offsets.expected().has_value());
  EXPECT_EQ(messages.size(), 2U);
}

TEST(PartitionOffsets, LeavesWhatCameBeforeAlone) {
  auto offsets = starting_at(50);
  auto messages = at_offsets({48, 49, 10, 50});
  std::vector<Message> dropped = at_offsets({1});
  offsets.pass(messages, 2, dropped);
  EXPECT_EQ(offsets_of(messages), (Numbers{48, 49, 50}));
  EXPECT_EQ(offsets_of(dropped), (Numbers{1, 10}));
}

// --- what is open

TEST(PartitionOffsets, AGapHoldsThePositionBackUntilItIsDone) {
  auto offsets = starting_at(0);
  come(offsets, {0, 1, 2, 3, 4});
  EXPECT_EQ(offsets.open_count(), 5U);
  offsets.done({1});
  offsets.done({3});
  EXPECT_EQ(offsets.position(), CommitPosition{0});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{1}, {1}}, {{3}, {3}}}));
  offsets.done({0});
  EXPECT_EQ(offsets.position(), CommitPosition{2});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{3}, {3}}}));
}

TEST(PartitionOffsets, AbsentOffsetsHoldNothingBack) {
  PartitionOffsets offsets({});
  come(offsets, {3, 7, 20});
  offsets.done({3});
  EXPECT_EQ(offsets.position(), CommitPosition{7});
  offsets.done({7});
  EXPECT_EQ(offsets.position(), CommitPosition{20});
  offsets.done_range({3}, {20});
  EXPECT_EQ(offsets.position(), CommitPosition{21});
}

TEST(PartitionOffsets, AdmitsOnlyWhatTheWindowHoldsTogether) {
  PartitionOffsets offsets({.position = CommitPosition{0}, .done_before = {}}, 100);
  EXPECT_EQ(offsets.admissible({}), 0U);
  // Nothing is open yet, so the first of them is where the window starts; each alone would fit.
  EXPECT_EQ(offsets.admissible(at_offsets({0, 99, 100})), 2U);
  come(offsets, {0, 99});
  EXPECT_EQ(offsets.window(), 100U);
  EXPECT_EQ(offsets.admissible(at_offsets({100})), 0U);
  offsets.done({0});
  EXPECT_EQ(offsets.admissible(at_offsets({100, 198, 199})), 2U);
  offsets.done({99});
  EXPECT_EQ(offsets.admissible(at_offsets({1000, 1099, 1100})), 2U);
}

// --- done before

TEST(PartitionOffsets, WhatWasDoneBeforeIsDroppedAndCounted) {
  auto offsets = starting_at(10, {{{11}, {12}}, {{14}, {14}}});
  const auto come_now = come(offsets, {10, 11, 12, 13, 14, 15});
  EXPECT_EQ(come_now.kept, (Numbers{10, 13, 15}));
  EXPECT_EQ(come_now.dropped, (Numbers{11, 12, 14}));
  EXPECT_EQ(come_now.passed.done_before, 3U);
  EXPECT_EQ(come_now.passed.stale, 0U);
  EXPECT_EQ(come_now.passed.jumps, 0U);
  EXPECT_EQ(offsets.open_count(), 3U);
}

TEST(PartitionOffsets, WhatWasDoneBeforeAndComesTwiceIsStale) {
  auto offsets = starting_at(10, {{{11}, {12}}});
  come(offsets, {10, 11, 12});
  const auto again = come(offsets, {11, 12});
  EXPECT_EQ(again.passed.stale, 2U);
  EXPECT_EQ(again.passed.done_before, 0U);
}

TEST(PartitionOffsets, WhatWasDoneBeforeGoesOnBeingTold) {
  auto offsets = starting_at(10, {{{11}, {20}}, {{30}, {39}}});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{11}, {20}}, {{30}, {39}}})) << "before anything came";
  come(offsets, {10});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{11}, {20}}, {{30}, {39}}})) << "above what is open";
  come(offsets, {11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{11}, {20}}, {{30}, {39}}})) << "between what is open";
  offsets.done({22});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{11}, {20}}, {{22}, {22}}, {{30}, {39}}}));
  EXPECT_EQ(offsets.done_ranges(2), (Ranges{{{11}, {20}}, {{22}, {22}}}));
  EXPECT_EQ(offsets.done_ranges(0), Ranges{});
  EXPECT_EQ(offsets.position(), CommitPosition{10});
}

TEST(PartitionOffsets, DoneNowAndDoneBeforeJoin) {
  auto offsets = starting_at(10, {{{12}, {20}}});
  come(offsets, {10, 11});
  offsets.done({11});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{11}, {20}}}));
  EXPECT_EQ(offsets.done_ranges(1), (Ranges{{{11}, {20}}}));
}

TEST(PartitionOffsets, ThePositionMovesOverWhatWasDoneBeforeOnceItHasCome) {
  auto offsets = starting_at(10, {{{11}, {13}}});
  come(offsets, {10, 11, 12});
  EXPECT_EQ(offsets.position(), CommitPosition{10});
  offsets.done({10});
  EXPECT_EQ(offsets.position(), CommitPosition{13});
  EXPECT_EQ(offsets.done_ranges(kAll), (Ranges{{{13}, {13}}})) << "the rest of it is still believed";
  come(offsets, {13});
  EXPECT_EQ(offsets.position(), CommitPosition{14});
  EXPECT_EQ(offsets.done_ranges(kAll), Ranges{});
}

TEST(PartitionOffsets, WhatWaitsForRoomHoldsThePositionThoughWhatIsBehindItWasDoneBefore) {
  auto offsets = starting_at(10, {{{11}, {11}}});
  auto messages = at_offsets({10, 11});
  std::vector<Message> dropped;
  offsets.pass(messages, 0, dropped);
  ASSERT_EQ(offsets_of(messages), (Numbers{10}));
  EXPECT_EQ(offsets.position(), CommitPosition{10});
  EXPECT_FALSE(offsets.reached_end(CommitPosition{12}));
  EXPECT_EQ(offsets.position(), CommitPosition{10}) << "10 has come and nobody has done it";
  offsets.admit(messages);
  offsets.done({10});
  EXPECT_EQ(offsets.position(), CommitPosition{12});
}

TEST(PartitionOffsets, WhatWasDoneBeforeBehindTheEndOfTheLogIsForgotten) {
  auto offsets = starting_at(10, {{{12}, {20}}, {{30}, {40}}});
  come(offsets, {10, 11, 12, 13});
  offsets.done_range({10}, {11});
  const auto before = offsets.revision();
  EXPECT_FALSE(offsets.reached_end(CommitPosition{14}));
  EXPECT_NE(offsets.revision(), before) << "what was told has changed";
  EXPECT_EQ(offsets.position(), CommitPosition{14});
  EXPECT_EQ(offsets.done_ranges(kAll), Ranges{});
  const auto come_now = come(offsets, {14, 15, 30});
  EXPECT_EQ(come_now.kept, (Numbers{14, 15, 30})) << "the log was cut, and these are others";
}

TEST(PartitionOffsets, AJumpIntoWhatWasDoneBeforeCounts) {
  auto offsets = starting_at(10, {{{12}, {20}}});
  const auto come_now = come(offsets, {10, 15, 21});
  EXPECT_EQ(come_now.passed.jumps, 2U);
  EXPECT_EQ(come_now.dropped, (Numbers{15}));
}

TEST(PartitionOffsets, ManyRangesBetweenTheMessagesOfOneAdmissionAreAllEntered) {
  Ranges before;
  Numbers all;
  Numbers kept;
  for (std::int64_t offset = 0; offset < 1000; ++offset) {
    all.push_back(offset);
    if (offset % 2 == 1) before.push_back({{offset}, {offset}});
    if (offset % 2 == 0) kept.push_back(offset);
  }
  auto offsets = starting_at(0, before);
  EXPECT_EQ(come(offsets, all).kept, kept);
  EXPECT_EQ(offsets.done_ranges(kAll), before);
  EXPECT_EQ(offsets.open_count(), 500U);
}

// --- the revision

TEST(PartitionOffsets, TheRevisionGrowsByWhatIsDoneAndByNothingElse) {
  auto offsets = starting_at(0);
  const auto at_first = offsets.revision();
  come(offsets, {0, 1, 2});
  EXPECT_EQ(offsets.revision(), at_first);
  offsets.done({1});
  const auto then = offsets.revision();
  EXPECT_GT(then, at_first);
  offsets.done({1});
  offsets.done({7});
  EXPECT_EQ(offsets.revision(), then);
}

TEST(PartitionOffsetsDeathTest, RefusesWhatNeverPassed) {
  auto offsets = starting_at(0);
  EXPECT_DEATH(offsets.admit(at_offsets({0})), "has passed");
}

TEST(PartitionOffsetsDeathTest, RefusesRangesOutOfOrder) {
  EXPECT_DEATH(starting_at(10, {{{9}, {11}}}), "ascend");
  EXPECT_DEATH(starting_at(10, {{{12}, {11}}}), "ascend");
  EXPECT_DEATH(starting_at(10, {{{20}, {30}}, {{30}, {31}}}), "ascend");
  EXPECT_DEATH(PartitionOffsets({.position = std::nullopt, .done_before = {{{1}, {2}}}}), "position it goes with");
}

}  // namespace
}  // namespace braid::core
