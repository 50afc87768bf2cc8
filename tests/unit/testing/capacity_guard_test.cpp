#include <braid/testing/capacity_guard.hpp>

#include <gtest/gtest.h>

namespace braid::testing {
namespace {

TEST(CapacityGuard, WhatIsNotCommittedTakesRoom) {
  CapacityGuard guard{1000};
  EXPECT_EQ(guard.room(), 1000U);
  guard.sent(400);
  EXPECT_EQ(guard.room(), 600U);  // its partition is not known yet
  guard.delivered("t", PartitionNumber{0}, Offset{0}, 400);
  EXPECT_EQ(guard.room(), 600U);
  EXPECT_EQ(guard.bytes_under_way(), 0U);
  guard.sent(300);
  guard.delivered("t", PartitionNumber{1}, Offset{0}, 300);
  EXPECT_EQ(guard.room(), 600U);  // the fullest partition counts
  guard.committed("t", PartitionNumber{0}, CommitPosition{0});
  EXPECT_EQ(guard.room(), 600U);  // position 0: nothing is done yet
  guard.committed("t", PartitionNumber{0}, CommitPosition{1});
  EXPECT_EQ(guard.room(), 700U);
  EXPECT_EQ(guard.bytes_ahead("t", PartitionNumber{1}), 300U);
}

TEST(CapacityGuard, ThereIsNoRoomBeyondTheLimitAndFailuresGiveItBack) {
  CapacityGuard guard{1000};
  guard.sent(900);
  guard.sent(900);
  EXPECT_EQ(guard.room(), 0U);
  guard.failed(900);
  EXPECT_EQ(guard.room(), 100U);
  guard.failed(900);
  EXPECT_EQ(guard.room(), 1000U);
}

TEST(CapacityGuard, LateOrRepeatedNewsChangeNothing) {
  CapacityGuard guard{1000};
  guard.sent(100);
  guard.committed("t", PartitionNumber{0}, CommitPosition{5});  // the consumers were faster than the report
  guard.delivered("t", PartitionNumber{0}, Offset{4}, 100);
  EXPECT_EQ(guard.room(), 1000U);
  guard.sent(100);
  guard.delivered("t", PartitionNumber{0}, Offset{5}, 100);
  guard.committed("t", PartitionNumber{0}, CommitPosition{2});  // backwards
  EXPECT_EQ(guard.room(), 900U);
}

}  // namespace
}  // namespace braid::testing
