#include "core/listener/stall_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using Verdict = StallWatch::Verdict;

constexpr StallWatch::Progress at(std::int64_t position, std::uint64_t revision = 0, std::uint64_t generation = 1) {
  return {generation, CommitPosition{position}, revision};
}

class StallWatchTest : public ::testing::Test {
 protected:
  Verdict look(std::chrono::milliseconds when, const StallWatch::Progress& progress, bool waits = true) {
    return watch.look(waits, progress, after, Time(when));
  }
  StallWatch watch;
  Duration after = 60s;
};

TEST_F(StallWatchTest, SaysItOnceAfterTheTimeAndThenRarely) {
  EXPECT_EQ(look(0s, at(5)), Verdict::fine);
  EXPECT_EQ(look(59'999ms, at(5)), Verdict::fine);
  EXPECT_EQ(look(60s, at(5)), Verdict::stalled);
  EXPECT_EQ(watch.stood(), 60s);
  EXPECT_EQ(look(61s, at(5)), Verdict::fine);
  EXPECT_EQ(look(659s, at(5)), Verdict::fine);
  EXPECT_EQ(look(660s, at(5)), Verdict::stalled);
  EXPECT_EQ(watch.stood(), 660s);
}

TEST_F(StallWatchTest, APositionThatAdvancesIsMovement) {
  look(0s, at(5));
  EXPECT_EQ(look(50s, at(6)), Verdict::fine);
  EXPECT_EQ(look(109s, at(6)), Verdict::fine);
  EXPECT_EQ(look(110s, at(6)), Verdict::stalled);
}

// Behind a key that fails, others go on.
TEST_F(StallWatchTest, WhatIsSettledBehindThePositionIsMovement) {
  look(0s, at(5, 1));
  EXPECT_EQ(look(50s, at(5, 2)), Verdict::fine);
  EXPECT_EQ(look(100s, at(5, 3)), Verdict::fine);
  EXPECT_EQ(look(159s, at(5, 3)), Verdict::fine);
  EXPECT_EQ(look(160s, at(5, 3)), Verdict::stalled);
}

TEST_F(StallWatchTest, WhereNothingWaitsNothingStandsStill) {
  look(0s, at(5));
  EXPECT_EQ(look(59s, at(5), false), Verdict::fine);
  EXPECT_EQ(look(1000s, at(5), false), Verdict::fine);
  EXPECT_EQ(look(1001s, at(5)), Verdict::fine) << "it has only begun to wait";
  EXPECT_EQ(look(1060s, at(5)), Verdict::fine);
  EXPECT_EQ(look(1061s, at(5)), Verdict::stalled);
}

TEST_F(StallWatchTest, ItsEndIsSaidIfTheStallWas) {
  look(0s, at(5));
  look(60s, at(5));
  EXPECT_EQ(look(75s, at(6)), Verdict::goes_on);
  EXPECT_EQ(watch.stood(), 75s);
  EXPECT_EQ(look(76s, at(7)), Verdict::fine);
  look(136s, at(7));
  EXPECT_EQ(look(140s, at(7), false), Verdict::goes_on);
  EXPECT_EQ(look(141s, at(7), false), Verdict::fine);
}

TEST_F(StallWatchTest, ANewGenerationBeginsAnew) {
  look(0s, at(5));
  EXPECT_EQ(look(59s, at(5, 0, 2)), Verdict::fine);
  EXPECT_EQ(look(61s, at(5, 0, 2)), Verdict::fine);
}

TEST_F(StallWatchTest, NeverIsNever) {
  after = 0s;
  look(0s, at(5));
  EXPECT_EQ(look(10'000s, at(5)), Verdict::fine);
  EXPECT_FALSE(watch.suspicious(0s, Time(20'000s)));
}

TEST_F(StallWatchTest, IsSuspiciousJustWhenItWouldSaySo) {
  EXPECT_FALSE(watch.suspicious(after, Time(100s))) << "nothing waits";
  look(0s, at(5));
  EXPECT_FALSE(watch.suspicious(after, Time(59s)));
  EXPECT_TRUE(watch.suspicious(after, Time(60s)));
  look(60s, at(5));
  EXPECT_FALSE(watch.suspicious(after, Time(61s)));
}

}  // namespace
}  // namespace braid::core
