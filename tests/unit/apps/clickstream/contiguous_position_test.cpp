#include "apps/clickstream/src/streaming/contiguous_position.hpp"

#include <gtest/gtest.h>

namespace clickstream {
namespace {

using braid::CommitPosition;
using braid::Offset;

TEST(ContiguousPosition, AnOffsetThatIsNotDoneHoldsItBack) {
  ContiguousPosition position;
  position.done(Offset{1});
  position.done(Offset{3});
  EXPECT_EQ(position.position(), CommitPosition{0});
  position.done(Offset{0});
  EXPECT_EQ(position.position(), CommitPosition{2});
  position.done(Offset{2});
  EXPECT_EQ(position.position(), CommitPosition{4});
}

TEST(ContiguousPosition, WhatComesAgainChangesNothing) {
  ContiguousPosition position;
  position.done(Offset{0});
  position.done(Offset{1});
  position.done(Offset{0});
  EXPECT_EQ(position.position(), CommitPosition{2});
}

}  // namespace
}  // namespace clickstream
