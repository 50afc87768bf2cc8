#include "apps/braid/src/replay_progress.hpp"

#include <gtest/gtest.h>

namespace braid::app_test {
namespace {

using namespace app;

constexpr PartitionNumber kFirst{0};
constexpr PartitionNumber kSecond{1};

PartitionPositions positions(PartitionNumber partition, std::int64_t begin, std::int64_t end,
                             std::optional<std::int64_t> committed = {}) {
  PartitionPositions result{.partition = partition, .begin = {begin}, .end = {end}};
  if (committed) result.committed = CommitPosition{*committed};
  return result;
}

TEST(ReplayProgress, AnEmptyTopicIsComplete) {
  EXPECT_TRUE(ReplayProgress({}).complete(0));
  EXPECT_TRUE(ReplayProgress({positions(kFirst, 0, 0), positions(kSecond, 7, 7)}).complete(0));
}

TEST(ReplayProgress, StartsWhereTheGroupIs) {
  EXPECT_EQ(ReplayProgress({positions(kFirst, 2, 10)}).left(), 8u);
  EXPECT_EQ(ReplayProgress({positions(kFirst, 2, 10, 6)}).left(), 4u);
  EXPECT_TRUE(ReplayProgress({positions(kFirst, 2, 10, 10)}).complete(0));
  EXPECT_EQ(ReplayProgress({positions(kFirst, 5, 10, 1)}).left(), 5u) << "the log has left it behind";
}

TEST(ReplayProgress, IsCompleteWhenEveryOffsetWasHandledInEitherLane) {
  ReplayProgress progress({positions(kFirst, 0, 3), positions(kSecond, 0, 1)});
  progress.handled(kFirst, {1}, Fate::left);
  progress.handled(kFirst, {0}, Fate::replayed);
  progress.handled(kFirst, {2}, Fate::replayed);
  EXPECT_FALSE(progress.complete(0));
  progress.handled(kSecond, {0}, Fate::left);
  EXPECT_TRUE(progress.complete(0));
}

TEST(ReplayProgress, WhatCameLaterIsNotMeant) {
  ReplayProgress progress({positions(kFirst, 0, 2)});
  EXPECT_TRUE(progress.meant(kFirst, {1}));
  EXPECT_FALSE(progress.meant(kFirst, {2}));
  EXPECT_FALSE(progress.meant(kSecond, {0}));
  progress.handled(kFirst, {2}, Fate::replayed);
  progress.handled(kFirst, {3}, Fate::replayed);
  EXPECT_EQ(progress.left(), 2u);
}

TEST(ReplayProgress, WhatComesAgainCountsOnce) {
  ReplayProgress progress({positions(kFirst, 0, 3)});
  for (int round = 0; round < 2; ++round) {
    progress.handled(kFirst, {0}, Fate::replayed);
    progress.handled(kFirst, {1}, Fate::left);
  }
  EXPECT_EQ(progress.left(), 1u);
}

TEST(ReplayProgress, WhatWasDoneBeforeIsNotWaitedFor) {
  ReplayProgress progress({positions(kFirst, 0, 5)});
  progress.handled(kFirst, {0}, Fate::left);
  progress.handled(kFirst, {4}, Fate::replayed);
  EXPECT_FALSE(progress.complete(2));
  EXPECT_TRUE(progress.complete(3));
}

TEST(ReplayProgress, TheEndOfAPartitionAccountsForOffsetsThatNeverWere) {
  ReplayProgress progress({positions(kFirst, 0, 100), positions(kSecond, 0, 1)});
  progress.handled(kFirst, {7}, Fate::replayed);
  progress.at_end(kFirst);
  EXPECT_EQ(progress.left(), 1u);
}

TEST(LeftStretches, AreBoundedAndThenNothingMoreIsSent) {
  LeftStretches stretches;
  std::int64_t offset = 0;
  for (std::uint32_t i = 0; i < LeftStretches::kMost; ++i) {
    EXPECT_TRUE(stretches.admit(kFirst, {offset++}, Fate::replayed));
    EXPECT_TRUE(stretches.admit(kFirst, {offset++}, Fate::left));
    EXPECT_TRUE(stretches.admit(kFirst, {offset++}, Fate::left)) << "the same stretch";
  }
  EXPECT_FALSE(stretches.admit(kFirst, {offset++}, Fate::replayed));
  EXPECT_TRUE(stretches.admit(kFirst, {offset++}, Fate::left));
  EXPECT_FALSE(stretches.admit(kFirst, {offset++}, Fate::replayed));
  EXPECT_TRUE(stretches.admit(kSecond, {0}, Fate::replayed)) << "each partition has its own";
}

TEST(LeftStretches, WhatAnEarlierRunHadDoneDividesThem) {
  LeftStretches stretches;
  for (std::uint32_t i = 0; i < LeftStretches::kMost; ++i) stretches.admit(kFirst, {2 * i}, Fate::left);
  EXPECT_FALSE(stretches.admit(kFirst, {10'000}, Fate::replayed));
}

TEST(LeftStretches, ManyLeftInARowAreOne) {
  LeftStretches stretches;
  for (std::int64_t offset = 0; offset < 10'000; ++offset) stretches.admit(kFirst, {offset}, Fate::left);
  EXPECT_TRUE(stretches.admit(kFirst, {10'000}, Fate::replayed));
}

}  // namespace
}  // namespace braid::app_test
