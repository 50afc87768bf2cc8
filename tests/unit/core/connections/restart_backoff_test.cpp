#include "core/connections/restart_backoff.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = Time{} + 1h;

std::vector<Duration> waits(RestartBackoff& backoff, int times, double random) {
  std::vector<Duration> all;
  for (int i = 0; i < times; ++i) all.push_back(backoff.fails(kNow, random));
  return all;
}

TEST(RestartBackoff, DoublesUpToAMinute) {
  RestartBackoff backoff;
  EXPECT_EQ(waits(backoff, 8, 1.0), (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}));
}

TEST(RestartBackoff, HalfOfItIsDrawn) {
  RestartBackoff backoff;
  EXPECT_EQ(waits(backoff, 2, 0.0), (std::vector<Duration>{500ms, 1s}));
  EXPECT_EQ(backoff.fails(kNow, 0.5), 3s);
}

TEST(RestartBackoff, StartsAnewBehindOneThatRanForLong) {
  RestartBackoff backoff;
  EXPECT_EQ(waits(backoff, 3, 1.0).back(), 4s);
  backoff.runs(kNow);
  EXPECT_EQ(backoff.fails(kNow + RestartBackoff::kSound - 1ms, 1.0), 8s) << "it failed again too soon";
  backoff.runs(kNow);
  EXPECT_EQ(backoff.fails(kNow + RestartBackoff::kSound, 1.0), 1s);
  EXPECT_EQ(backoff.fails(kNow + 1h, 1.0), 2s) << "one that never came to run has not run for long";
}

TEST(RestartBackoff, HasALongestWaitForEver) {
  RestartBackoff backoff;
  EXPECT_EQ(waits(backoff, 1000, 1.0).back(), RestartBackoff::kMost);
}

}  // namespace
}  // namespace braid::core
