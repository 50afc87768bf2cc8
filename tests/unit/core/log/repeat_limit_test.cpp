#include "core/log/repeat_limit.hpp"

#include <gtest/gtest.h>

#include <string>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

class RepeatLimitTest : public ::testing::Test {
 protected:
  bool admit(const std::string& text) { return limit.admit("partition", text, now); }

  RepeatLimit limit{{.most = 3, .within = 10s}};
  Time now{1h};
};

TEST_F(RepeatLimitTest, SoManyOfAKindAreWritten) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(admit("offset " + std::to_string(i) + " failed"));
  for (int i = 3; i < 9; ++i) EXPECT_FALSE(admit("offset " + std::to_string(i) + " failed"));
  EXPECT_TRUE(admit("offset 9 was parked")) << "that is another kind";
  EXPECT_TRUE(limit.admit("worker", "offset 9 failed", now)) << "and so is that";
}

TEST_F(RepeatLimitTest, WhatWasLeftOutIsToldOnceItsTimeIsOver) {
  for (int i = 0; i < 8; ++i) static_cast<void>(admit("offset " + std::to_string(i) + " failed"));
  EXPECT_TRUE(limit.take_left_out(now + 9s).empty());
  now += 10s;
  const auto left_out = limit.take_left_out(now);
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out[0].lines, 5u);
  EXPECT_EQ(left_out[0].last, "offset 7 failed");
  EXPECT_EQ(left_out[0].area, "partition");
  EXPECT_TRUE(limit.take_left_out(now).empty()) << "once";
  EXPECT_TRUE(admit("offset 8 failed")) << "and its count begins anew";
}

TEST_F(RepeatLimitTest, EachKindHasATimeOfItsOwn) {
  for (int i = 0; i < 4; ++i) static_cast<void>(admit("first"));
  now += 5s;
  for (int i = 0; i < 5; ++i) static_cast<void>(admit("second"));
  now += 5s;
  auto left_out = limit.take_left_out(now);
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out[0].last, "first");
  now += 5s;
  left_out = limit.take_left_out(now);
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out[0].last, "second");
  EXPECT_EQ(left_out[0].lines, 2u);
}

TEST_F(RepeatLimitTest, WhatComesNowAndThenIsAlwaysWritten) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(admit("sees no end")) << i;
    now += 4s;
  }
  EXPECT_TRUE(limit.take_left_out(now).empty());
}

TEST_F(RepeatLimitTest, KindsWithoutEndTakeBoundedMemory) {
  for (int i = 0; i < 5; ++i) static_cast<void>(admit("the first"));
  std::string name = "line ";
  for (std::size_t i = 0; i < 2 * RepeatLimit::kMostKinds; ++i) {
    now += 1ms;
    EXPECT_TRUE(admit(name += 'x'));
  }
  const auto left_out = limit.take_left_out(now);
  ASSERT_EQ(left_out.size(), 1u) << "what had to go is told";
  EXPECT_EQ(left_out[0].lines, 2u);
}

TEST_F(RepeatLimitTest, WithoutALimitAllAreWritten) {
  RepeatLimit none({.most = 0});
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(none.admit("partition", "same", now));
  EXPECT_TRUE(none.take_left_out(now + 1h).empty());
}

}  // namespace
}  // namespace braid::core
