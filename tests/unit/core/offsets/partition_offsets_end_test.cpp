// What the end of the partition does to the position: it moves over trailing markers, and over nothing else.

#include "core/offsets/partition_offsets.hpp"
#include "unit/core/flow/flow_messages.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace braid::core {
namespace {

using test_support::at_offsets;
using test_support::from_to;

void come(PartitionOffsets& offsets, std::vector<Message> messages) {
  std::vector<Message> dropped;
  offsets.pass(messages, 0, dropped);
  offsets.admit(messages);
}

TEST(PartitionOffsetsEnd, ThePositionMovesOverTrailingMarkers) {
  PartitionOffsets offsets({});
  come(offsets, from_to(0, 2));
  offsets.done_range({0}, {2});
  EXPECT_TRUE(offsets.reached_end(CommitPosition{5}));
  EXPECT_EQ(offsets.position(), CommitPosition{5});
}

TEST(PartitionOffsetsEnd, OnlyWhenNothingIsOpen) {
  PartitionOffsets offsets({});
  come(offsets, from_to(0, 2));
  offsets.reached_end(CommitPosition{5});
  EXPECT_EQ(offsets.position(), CommitPosition{0});
  offsets.done({0});
  EXPECT_EQ(offsets.position(), CommitPosition{1});
  offsets.done_range({0}, {2});
  EXPECT_EQ(offsets.position(), CommitPosition{5});
}

TEST(PartitionOffsetsEnd, APartitionOfMarkersAloneIsDoneAtItsEnd) {
  PartitionOffsets offsets({});
  EXPECT_FALSE(offsets.reached_end(CommitPosition{7})) << "nothing was expected, so nothing was left out";
  EXPECT_EQ(offsets.position(), CommitPosition{7});
  EXPECT_EQ(offsets.expected(), CommitPosition{7});
}

TEST(PartitionOffsetsEnd, WhatIsBelowItIsStaleOnceThePositionIsThere) {
  PartitionOffsets offsets({.position = CommitPosition{5}, .done_before = {}});
  EXPECT_TRUE(offsets.reached_end(CommitPosition{8}));
  EXPECT_EQ(offsets.expected(), CommitPosition{8});
  auto messages = at_offsets({6, 7, 8, 9});
  std::vector<Message> dropped;
  const auto passed = offsets.pass(messages, 0, dropped);
  EXPECT_EQ(passed.jumps, 0U) << "what lies below the position was never to come";
  EXPECT_EQ(passed.stale, 2U);
}

TEST(PartitionOffsetsEnd, AnEarlierEndNeverMovesThePositionBack) {
  PartitionOffsets offsets({});
  offsets.reached_end(CommitPosition{7});
  come(offsets, from_to(7, 9));
  offsets.done_range({7}, {9});
  EXPECT_EQ(offsets.position(), CommitPosition{10});
  EXPECT_FALSE(offsets.reached_end(CommitPosition{8}));
  EXPECT_EQ(offsets.position(), CommitPosition{10});
}

TEST(PartitionOffsetsEnd, MessagesBehindItHoldThePositionAgain) {
  PartitionOffsets offsets({});
  come(offsets, from_to(0, 2));
  offsets.reached_end(CommitPosition{5});
  come(offsets, from_to(5, 6));
  offsets.done_range({0}, {2});
  EXPECT_EQ(offsets.position(), CommitPosition{5});
  offsets.done_range({5}, {6});
  EXPECT_EQ(offsets.position(), CommitPosition{7});
}

TEST(PartitionOffsetsEnd, AnEndWithoutAPlaceLeavesThePositionAlone) {
  PartitionOffsets offsets({});
  EXPECT_FALSE(offsets.reached_end(std::nullopt));
  EXPECT_EQ(offsets.position(), std::nullopt);
  come(offsets, from_to(0, 1));
  offsets.reached_end(CommitPosition{4});
  offsets.reached_end(std::nullopt);
  offsets.done_range({0}, {1});
  EXPECT_EQ(offsets.position(), CommitPosition{4}) << "the place that was known is forgotten";
}

TEST(PartitionOffsetsEnd, MarkersAfterMarkersMoveItFurther) {
  PartitionOffsets offsets({});
  offsets.reached_end(CommitPosition{3});
  const auto before = offsets.revision();
  offsets.reached_end(CommitPosition{8});
  EXPECT_GT(offsets.revision(), before);
  EXPECT_EQ(offsets.position(), CommitPosition{8});
}

}  // namespace
}  // namespace braid::core
