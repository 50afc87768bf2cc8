#include "engine/worker/marked_offsets.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace braid::engine {
namespace {

TEST(MarkedOffsets, MoveForwardOnly) {
  MarkedOffsets marks;
  marks.deliver({9});
  marks.mark({7});
  marks.mark({3});
  EXPECT_EQ(marks.marked(), Offset{7});
}

// Or what comes later would count as done before anybody has seen it.
TEST(MarkedOffsets, WhatWasNotDeliveredCannotBeMarked) {
  MarkedOffsets marks;
  EXPECT_THROW(marks.mark({0}), std::invalid_argument);
  marks.deliver({9});
  EXPECT_THROW(marks.mark({10}), std::invalid_argument);
  EXPECT_EQ(marks.marked(), Offset{-1});
  marks.mark({9});
  EXPECT_EQ(marks.marked(), Offset{9});
}

}  // namespace
}  // namespace braid::engine
