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
  CommitSchedule schedule_{1000ms, 50ms, at(0ms)};
};

TEST_F(CommitScheduleTest, IsDueAfterTheInterval) {
  EXPECT_EQ(schedule_.wakes_at(), at(1000ms));
  EXPECT_FALSE(schedule_.ready(at(999ms), true));
  EXPECT_TRUE(schedule_.ready(at(1000ms), true));
}

TEST_F(CommitScheduleTest, WaitsWhileTheGateIsClosed) {
  EXPECT_FALSE(schedule_.ready(at(2000ms), false));
  EXPECT_TRUE(schedule_.ready(at(2000ms), true));
}

TEST_F(CommitScheduleTest, HasOneInFlight) {
  const auto token = schedule_.sent();
  EXPECT_TRUE(schedule_.in_flight());
  EXPECT_FALSE(schedule_.ready(at(1h), true));
  EXPECT_EQ(schedule_.wakes_at(), std::nullopt);
  EXPECT_TRUE(schedule_.answered(token, true, at(1100ms)));
  EXPECT_FALSE(schedule_.in_flight());
  EXPECT_FALSE(schedule_.ready(at(2099ms), true));
  EXPECT_TRUE(schedule_.ready(at(2100ms), true));
}

TEST_F(CommitScheduleTest, ARefusedOneIsDueAgainAfterTheBackoff) {
  const auto token = schedule_.sent();
  EXPECT_TRUE(schedule_.answered(token, false, at(1100ms)));
  EXPECT_FALSE(schedule_.ready(at(1149ms), true));
  EXPECT_TRUE(schedule_.ready(at(1150ms), true));
}

TEST_F(CommitScheduleTest, IgnoresAnswersToAnyOtherThanTheOneInFlight) {
  const auto first = schedule_.sent();
  schedule_.give_up();
  EXPECT_FALSE(schedule_.answered(first, true, at(1ms)));
  const auto second = schedule_.sent();
  EXPECT_NE(first, second);
  EXPECT_FALSE(schedule_.answered(first, true, at(1ms)));
  EXPECT_TRUE(schedule_.in_flight());
  EXPECT_TRUE(schedule_.answered(second, true, at(1ms)));
  EXPECT_FALSE(schedule_.answered(second, true, at(1ms)));
}

TEST_F(CommitScheduleTest, AnotherOneMayGoAfterGivingUp) {
  (void)schedule_.sent();
  schedule_.give_up();
  EXPECT_FALSE(schedule_.in_flight());
  EXPECT_TRUE(schedule_.ready(at(1000ms), true));
}

TEST_F(CommitScheduleTest, HurryMakesItDueAtOnce) {
  schedule_.hurry(at(10ms));
  EXPECT_TRUE(schedule_.ready(at(10ms), true));
  EXPECT_EQ(schedule_.wakes_at(), at(10ms));
}

TEST_F(CommitScheduleTest, HurryNeverPutsItOff) {
  schedule_.hurry(at(5000ms));
  EXPECT_EQ(schedule_.wakes_at(), at(1000ms));
}

// Positions that moved while a commit was on its way must not wait for another interval: a revocation would not.
TEST_F(CommitScheduleTest, HurryOutlastsTheOneInFlight) {
  const auto token = schedule_.sent();
  schedule_.hurry(at(1010ms));
  EXPECT_FALSE(schedule_.ready(at(1010ms), true));
  EXPECT_TRUE(schedule_.answered(token, true, at(1020ms)));
  EXPECT_TRUE(schedule_.ready(at(1020ms), true));
}

TEST_F(CommitScheduleTest, HurryCountsOnce) {
  const auto token = schedule_.sent();
  schedule_.hurry(at(1010ms));
  (void)schedule_.answered(token, true, at(1020ms));
  const auto next = schedule_.sent();
  (void)schedule_.answered(next, true, at(1030ms));
  EXPECT_EQ(schedule_.wakes_at(), at(2030ms));
}

TEST_F(CommitScheduleTest, ARefusalIsBackedOffEvenInAHurry) {
  const auto token = schedule_.sent();
  schedule_.hurry(at(1010ms));
  (void)schedule_.answered(token, false, at(1020ms));
  EXPECT_EQ(schedule_.wakes_at(), at(1070ms));
}

TEST_F(CommitScheduleTest, NothingToSendWaitsForTheNextInterval) {
  schedule_.nothing_to_send(at(1000ms));
  EXPECT_EQ(schedule_.wakes_at(), at(2000ms));
}

}  // namespace
}  // namespace braid::core
