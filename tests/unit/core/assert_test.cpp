#include "core/assert.hpp"

#include <gtest/gtest.h>

namespace braid::core {
namespace {

TEST(AssertDeathTest, SaysWhereWhatAndWhyAndEndsTheProcess) {
  const int sum = 5;
  EXPECT_DEATH(BRAID_ASSERT(sum == 4, "two and two"),
               "assert_test.cpp:[0-9]+: assertion failed: sum == 4: two and two");
}

TEST(Assert, WhatHoldsIsEvaluatedOnceAndPasses) {
  int evaluations = 0;
  BRAID_ASSERT(++evaluations > 0, "counts");
  EXPECT_EQ(evaluations, 1);
}

}  // namespace
}  // namespace braid::core
