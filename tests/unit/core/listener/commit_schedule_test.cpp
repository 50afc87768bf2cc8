#include "core/listener/commit_schedule.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

constexpr Time at(std::chrono::milliseconds since) {
  return Time{} + 1h + since;
}

class CommitScheduleTest : public testing::Test {
 protected:
  // One commit goes out.
  std::uint64_t send() {
    schedule_.looked();
    return schedule_.sent();
  }
  CommitSchedule schedule_{50ms};
};

TEST_F(CommitScheduleTest, NothingIsDueByItself) {
  EXPECT_FALSE(schedule_.ready(at(1h), true));
  EXPECT_EQ(schedule_.wakes_at(), std::nullopt);
}

TEST_F(CommitScheduleTest, IsDueWithItsFirstPartition) {
  schedule_.due_by(at(1000ms));
  schedule_.due_by(at(700ms));
  schedule_.due_by(at(900ms));
  EXPECT_EQ(schedule_.wakes_at(), at(700ms));
  EXPECT_FALSE(schedule_.ready(at(699ms), true));
  EXPECT_TRUE(schedule_.ready(at(700ms), true));
}

TEST_F(CommitScheduleTest, WaitsWhileTheGateIsClosed) {
  schedule_.due_by(at(0ms));
  EXPECT_FALSE(schedule_.ready(at(2000ms), false));
  EXPECT_TRUE(schedule_.ready(at(2000ms), true));
}

TEST_F(CommitScheduleTest, HasOneInFlight) {
  const auto token = send();
  schedule_.due_by(at(0ms));
  EXPECT_TRUE(schedule_.in_flight());
  EXPECT_FALSE(schedule_.ready(at(1h), true));
  EXPECT_EQ(schedule_.wakes_at(), std::nullopt);
  EXPECT_TRUE(schedule_.answered(token, true, at(1100ms)));
  EXPECT_FALSE(schedule_.in_flight());
  EXPECT_TRUE(schedule_.ready(at(1100ms), true));
}

TEST_F(CommitScheduleTest, AfterARefusalTheNextWaitsForTheBackoff) {
  const auto token = send();
  EXPECT_TRUE(schedule_.answered(token, false, at(1100ms)));
  schedule_.due_by(Time::min());
  EXPECT_EQ(schedule_.wakes_at(), at(1150ms));
  EXPECT_FALSE(schedule_.ready(at(1149ms), true));
  EXPECT_TRUE(schedule_.ready(at(1150ms), true));
}

TEST_F(CommitScheduleTest, IgnoresAnswersToAnyOtherThanTheOneInFlight) {
  const auto first = send();
  schedule_.give_up();
  EXPECT_FALSE(schedule_.answered(first, true, at(1ms)));
  const auto second = send();
  EXPECT_NE(first, second);
  EXPECT_FALSE(schedule_.answered(first, true, at(1ms)));
  EXPECT_TRUE(schedule_.in_flight());
  EXPECT_TRUE(schedule_.answered(second, true, at(1ms)));
  EXPECT_FALSE(schedule_.answered(second, true, at(1ms)));
}

TEST_F(CommitScheduleTest, OneThatIsApartKeepsNoOtherWaiting) {
  schedule_.looked();
  const auto apart = schedule_.sent_apart();
  EXPECT_FALSE(schedule_.in_flight());
  schedule_.due_by(at(10ms));
  EXPECT_TRUE(schedule_.ready(at(10ms), true));
  EXPECT_NE(apart, send()) << "each is told by a number of its own";
}

TEST_F(CommitScheduleTest, AnotherOneMayGoAfterGivingUp) {
  (void)send();
  schedule_.due_by(at(10ms));
  schedule_.give_up();
  EXPECT_FALSE(schedule_.in_flight());
  EXPECT_TRUE(schedule_.ready(at(10ms), true));
}

// What became due while a commit was on its way must not wait for another interval: a revocation would not.
TEST_F(CommitScheduleTest, WhatBecomesDueOutlastsTheOneInFlight) {
  const auto token = send();
  schedule_.due_by(at(1010ms));
  EXPECT_TRUE(schedule_.answered(token, true, at(1020ms)));
  EXPECT_TRUE(schedule_.ready(at(1020ms), true));
}

}  // namespace
}  // namespace braid::core
