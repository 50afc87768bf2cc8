#include "core/offsets/offset_ledger.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace braid::core {
namespace {

constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

std::vector<OffsetRange> done_ranges(const OffsetLedger& ledger, std::size_t limit = OffsetLedger::kNoLimit) {
  std::vector<OffsetRange> result;
  ledger.for_each_done_range([&](OffsetRange range) { result.push_back(range); }, limit);
  return result;
}

using Ranges = std::vector<OffsetRange>;

TEST(OffsetLedger, StartIsThePositionBeforeAnythingIsDelivered) {
  const OffsetLedger ledger({42});
  EXPECT_EQ(ledger.position(), CommitPosition{42});
  EXPECT_EQ(ledger.next_deliverable(), Offset{42});
  EXPECT_EQ(ledger.open_count(), 0u);
  EXPECT_EQ(ledger.highest_delivered(), std::nullopt);
  EXPECT_EQ(ledger.highest_done(), std::nullopt);
  EXPECT_EQ(ledger.lowest_open(), std::nullopt);
  EXPECT_EQ(ledger.window(), 0u);
}

TEST(OffsetLedger, GapHoldsBackTheCommit) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {9});
  ledger.done_range({0}, {3});
  ledger.done_range({5}, {9});
  EXPECT_EQ(ledger.position(), CommitPosition{4});
  EXPECT_EQ(ledger.highest_done(), Offset{9});
  ledger.done({4});
  EXPECT_EQ(ledger.position(), CommitPosition{10});
}

TEST(OffsetLedger, AbsentOffsetsHoldNothingBack) {
  OffsetLedger ledger({0});
  for (const std::int64_t offset : {0, 7, 500}) ledger.deliver({offset});
  ledger.done({0});
  EXPECT_EQ(ledger.position(), CommitPosition{7});
  ledger.done({7});
  EXPECT_EQ(ledger.position(), CommitPosition{500});
  ledger.done({500});
  EXPECT_EQ(ledger.position(), CommitPosition{501});
}

TEST(OffsetLedger, PositionIsNeverHighestSeenPlusOne) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {99});
  EXPECT_EQ(ledger.position(), CommitPosition{0});
  ledger.done({50});
  EXPECT_EQ(ledger.position(), CommitPosition{0});
  ledger.done_range({0}, {98});
  EXPECT_EQ(ledger.position(), CommitPosition{99});
}

TEST(OffsetLedger, DoneTwiceCountsOnce) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {2});
  EXPECT_TRUE(ledger.done({1}));
  EXPECT_FALSE(ledger.done({1}));
  EXPECT_EQ(ledger.open_count(), 2u);
  EXPECT_EQ(ledger.done_range({0}, {2}), 2u);
  EXPECT_EQ(ledger.done_range({0}, {2}), 0u);
}

TEST(OffsetLedger, DoneOfWhatWasNeverDeliveredChangesNothing) {
  OffsetLedger ledger({10});
  EXPECT_FALSE(ledger.done({10}));
  EXPECT_EQ(ledger.done_range({0}, {kHighest}), 0u);
  ledger.deliver({20});
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{9}, std::int64_t{19}, std::int64_t{21},
                                    std::int64_t{20 + 1024}, std::int64_t{20 + (16 << 20)}, kHighest}) {
    EXPECT_FALSE(ledger.done({offset})) << offset;
    EXPECT_FALSE(ledger.is_open({offset})) << offset;
  }
  EXPECT_EQ(ledger.done_range({21}, {kHighest}), 0u);
  EXPECT_EQ(ledger.position(), CommitPosition{20});
  EXPECT_EQ(ledger.highest_done(), std::nullopt);
}

TEST(OffsetLedger, DoneBeforeDeliveryIsNotRemembered) {
  OffsetLedger ledger({0});
  ledger.deliver({0});
  ledger.done({1});
  ledger.deliver({1});
  EXPECT_TRUE(ledger.is_open({1}));
}

TEST(OffsetLedger, DoneRangeOfAllIsAllThatIsOpen) {
  OffsetLedger ledger({0});
  ledger.deliver_range({3}, {1000});
  ledger.deliver({5000});
  EXPECT_EQ(ledger.done_range({std::numeric_limits<std::int64_t>::min()}, {kHighest}), 999u);
  EXPECT_EQ(ledger.position(), CommitPosition{5001});
}

TEST(OffsetLedger, DoneRangeEndsAtItsEnds) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {300});
  EXPECT_EQ(ledger.done_range({63}, {128}), 66u);
  EXPECT_TRUE(ledger.is_open({62}));
  EXPECT_FALSE(ledger.is_open({63}));
  EXPECT_FALSE(ledger.is_open({128}));
  EXPECT_TRUE(ledger.is_open({129}));
  EXPECT_EQ(ledger.done_range({200}, {199}), 0u);
}

TEST(OffsetLedger, PositionMovesOverTrailingMarkers) {
  OffsetLedger ledger({0});
  ledger.deliver({0});
  ledger.done({0});
  EXPECT_TRUE(ledger.advance_to({5}));
  EXPECT_EQ(ledger.position(), CommitPosition{5});
  EXPECT_EQ(ledger.next_deliverable(), Offset{5});
  EXPECT_EQ(ledger.highest_delivered(), Offset{0});
}

TEST(OffsetLedger, AdvanceWithSomethingOpenIsIgnoredForGood) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {1});
  EXPECT_FALSE(ledger.advance_to({9}));
  EXPECT_EQ(ledger.position(), CommitPosition{0});
  ledger.done_range({0}, {1});
  EXPECT_EQ(ledger.position(), CommitPosition{2});
  ledger.deliver({2});
  EXPECT_EQ(ledger.position(), CommitPosition{2});
}

TEST(OffsetLedger, PositionNeverMovesBack) {
  OffsetLedger ledger({10});
  EXPECT_FALSE(ledger.advance_to({3}));
  EXPECT_FALSE(ledger.advance_to({10}));
  EXPECT_EQ(ledger.position(), CommitPosition{10});
}

TEST(OffsetLedger, WindowLimitsWhatIsDeliveredAboveAnOpenOffset) {
  OffsetLedger ledger({0}, 100);
  ledger.deliver({5});
  EXPECT_TRUE(ledger.can_deliver({104}));
  EXPECT_FALSE(ledger.can_deliver({105}));
  ledger.deliver({104});
  EXPECT_EQ(ledger.window(), 100u);
  ledger.done({5});
  EXPECT_EQ(ledger.window(), 1u);
  EXPECT_TRUE(ledger.can_deliver({203}));
  EXPECT_FALSE(ledger.can_deliver({204}));
}

TEST(OffsetLedger, AnyOffsetFitsWhileNothingIsOpen) {
  OffsetLedger ledger({0}, 1);
  for (const std::int64_t offset : {std::int64_t{0}, std::int64_t{1} << 40, kHighest - 1}) {
    ASSERT_TRUE(ledger.can_deliver({offset}));
    ledger.deliver({offset});
    EXPECT_EQ(ledger.position(), CommitPosition{offset});
    EXPECT_TRUE(ledger.done({offset}));
    EXPECT_EQ(ledger.position(), CommitPosition{offset + 1});
  }
}

TEST(OffsetLedger, JumpWithNothingOpenCostsNoMemory) {
  OffsetLedger ledger({0});
  ledger.deliver({0});
  const std::size_t before = ledger.memory_bytes();
  ledger.done({0});
  ledger.deliver({std::int64_t{1} << 60});
  EXPECT_EQ(ledger.memory_bytes(), before);
}

TEST(OffsetLedger, FullWindowIsHeldExactlyAtAnyAlignment) {
  constexpr std::size_t kWindow = 1 << 20;
  for (const std::int64_t start : {std::int64_t{0}, std::int64_t{1}, std::int64_t{63}, kHighest - 1 - (1 << 20)}) {
    OffsetLedger ledger({start}, kWindow);
    const Offset last{start + static_cast<std::int64_t>(kWindow) - 1};
    ledger.deliver_range({start}, last);
    EXPECT_EQ(ledger.open_count(), kWindow);
    EXPECT_EQ(ledger.done_range({start + 1}, last), kWindow - 1);
    EXPECT_EQ(ledger.position(), CommitPosition{start});
    EXPECT_LE(ledger.memory_bytes(), 2 * kWindow / 8);
    ledger.done({start});
    EXPECT_EQ(ledger.position(), next_after(last));
  }
}

TEST(OffsetLedger, RingIsUsedAgainWhenTheWindowMovesOn) {
  OffsetLedger ledger({0}, 1024);
  ledger.deliver_range({0}, {1023});
  const std::size_t memory = ledger.memory_bytes();
  for (std::int64_t offset = 1024; offset < 100'000; ++offset) {
    ASSERT_FALSE(ledger.can_deliver({offset}));
    ASSERT_TRUE(ledger.done({offset - 1024}));
    ASSERT_EQ(ledger.position(), CommitPosition{offset - 1023});
    ASSERT_TRUE(ledger.can_deliver({offset}));
    ledger.deliver({offset});
    ASSERT_EQ(ledger.open_count(), 1024u);
  }
  EXPECT_LE(ledger.memory_bytes(), 2 * memory);
}

TEST(OffsetLedger, GrowingKeepsWhatIsOpen) {
  OffsetLedger ledger({1000});
  ledger.deliver_range({1000}, {1500});
  ledger.done_range({1001}, {1499});
  ledger.deliver({2'000'000});
  EXPECT_TRUE(ledger.is_open({1000}));
  EXPECT_FALSE(ledger.is_open({1001}));
  EXPECT_TRUE(ledger.is_open({1500}));
  EXPECT_EQ(ledger.open_count(), 3u);
  ledger.done({1000});
  ledger.done({1500});
  EXPECT_EQ(ledger.position(), CommitPosition{2'000'000});
}

TEST(OffsetLedger, ShrinkGivesMemoryBackOnlyWhenIdle) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {100'000});
  ledger.shrink();
  EXPECT_TRUE(ledger.is_open({100'000}));
  ledger.done_range({0}, {100'000});
  ledger.shrink();
  EXPECT_EQ(ledger.memory_bytes(), 0u);
  EXPECT_EQ(ledger.position(), CommitPosition{100'001});
  ledger.deliver({100'001});
  EXPECT_TRUE(ledger.is_open({100'001}));
}

TEST(OffsetLedger, GapsAreWhatIsOpenBelowWhatIsDone) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {200});
  ledger.done_range({0}, {9});
  ledger.done_range({20}, {149});
  ledger.done({160});
  EXPECT_EQ(ledger.gaps(), (Ranges{{{10}, {19}}, {{150}, {159}}}));
  EXPECT_EQ(ledger.gaps(1), (Ranges{{{10}, {19}}}));
  EXPECT_EQ(ledger.gaps(0), Ranges{});
  EXPECT_EQ(done_ranges(ledger), (Ranges{{{20}, {149}}, {{160}, {160}}}));
  EXPECT_EQ(done_ranges(ledger, 1), (Ranges{{{20}, {149}}}));
  EXPECT_EQ(done_ranges(ledger, 0), Ranges{});
}

TEST(OffsetLedger, AbsentOffsetsJoinDoneRuns) {
  OffsetLedger ledger({0});
  for (const std::int64_t offset : {0, 4, 8, 12, 90}) ledger.deliver({offset});
  ledger.done({4});
  ledger.done({12});
  EXPECT_EQ(done_ranges(ledger), (Ranges{{{1}, {7}}, {{9}, {12}}}));
  EXPECT_EQ(ledger.gaps(), (Ranges{{{0}, {0}}, {{8}, {8}}}));
}

TEST(OffsetLedger, ThereAreNoGapsWhenAllIsDoneOrNothingIs) {
  OffsetLedger ledger({0});
  ledger.deliver_range({0}, {70});
  EXPECT_EQ(ledger.gaps(), Ranges{});
  EXPECT_EQ(done_ranges(ledger), Ranges{});
  ledger.done_range({0}, {70});
  EXPECT_EQ(ledger.gaps(), Ranges{});
  EXPECT_EQ(done_ranges(ledger), Ranges{});
}

TEST(OffsetLedgerDeathTest, DeliveryOutOfOrderIsAMistakeOfOurs) {
  OffsetLedger ledger({10}, 64);
  EXPECT_DEATH(ledger.deliver({9}), "ascending order");
  ledger.deliver({10});
  EXPECT_DEATH(ledger.deliver({10}), "ascending order");
  EXPECT_DEATH(ledger.deliver_range({20}, {19}), "not above its last");
  EXPECT_DEATH(ledger.deliver({74}), "window is full");
  EXPECT_DEATH(ledger.deliver({kHighest}), "highest of all numbers");
  EXPECT_DEATH(OffsetLedger({-1}), "real position");
}

TEST(OffsetLedgerDeathTest, ARangeWiderThanTheWindowIsAMistakeOfOurs) {
  OffsetLedger ledger({0}, 64);
  EXPECT_DEATH(ledger.deliver_range({0}, {64}), "window is full");
}

}  // namespace
}  // namespace braid::core
