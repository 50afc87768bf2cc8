#include "adapters/librdkafka/quiet_watch.hpp"

#include <gtest/gtest.h>

namespace braid::adapters {
namespace {

using namespace std::chrono_literals;

const QuietWatch::Time kStart{100s};

TEST(QuietWatch, WhatIsHeardOfIsNeverTooQuiet) {
  QuietWatch watch;
  for (std::uint64_t heard = 0; heard < 100; ++heard) {
    EXPECT_FALSE(watch.too_quiet(heard, kStart + std::chrono::seconds(10 * heard)));
  }
}

TEST(QuietWatch, FiveSecondsWithoutAWordAreTooQuiet) {
  QuietWatch watch;
  EXPECT_FALSE(watch.too_quiet(3, kStart));
  EXPECT_FALSE(watch.too_quiet(3, kStart + 4999ms));
  EXPECT_TRUE(watch.too_quiet(3, kStart + 5s));
}

TEST(QuietWatch, ThePatienceDoublesUpToAMinuteAndAWordEndsThat) {
  QuietWatch watch;
  QuietWatch::Time now = kStart;
  EXPECT_FALSE(watch.too_quiet(1, now));
  for (const auto patience : {5s, 10s, 20s, 40s, 60s, 60s}) {
    EXPECT_FALSE(watch.too_quiet(1, now + patience - 1ms)) << patience.count();
    now += patience;
    EXPECT_TRUE(watch.too_quiet(1, now)) << patience.count();
  }
  EXPECT_FALSE(watch.too_quiet(2, now));
  EXPECT_FALSE(watch.too_quiet(2, now + 4999ms));
  EXPECT_TRUE(watch.too_quiet(2, now + 5s));
}

}  // namespace
}  // namespace braid::adapters
