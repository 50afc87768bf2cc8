#include "core/recovery/token_bucket.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1h};

TEST(TokenBucket, LetsABurstPassAndThenOneAtATime) {
  TokenBucket bucket({.messages = 10, .per = 1s, .burst = 3}, kStart);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(bucket.ready(kStart));
    bucket.take(kStart);
  }
  EXPECT_EQ(bucket.ready_at(kStart), kStart + 100ms);
  EXPECT_FALSE(bucket.ready(kStart + 100ms - 1ns));
  ASSERT_TRUE(bucket.ready(kStart + 100ms));
  bucket.take(kStart + 100ms);
  EXPECT_EQ(bucket.ready_at(kStart + 100ms), kStart + 200ms);
}

TEST(TokenBucket, AskingTakesNothing) {
  TokenBucket bucket({.messages = 1, .per = 1s, .burst = 1}, kStart);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.ready(kStart));
  bucket.take(kStart);
  for (auto time = 0ms; time < 1s; time += 1ms) EXPECT_EQ(bucket.ready_at(kStart + time), kStart + 1s);
}

TEST(TokenBucket, ARateThatDividesNothingIsExact) {
  // Three in a second: each 333,333,333 1/3 ns, and no third of a nanosecond is lost or given away.
  TokenBucket bucket({.messages = 3, .per = 1s, .burst = 2}, kStart);
  bucket.take(kStart);
  bucket.take(kStart);
  Time at = kStart;
  for (int i = 1; i <= 3000; ++i) {
    at = bucket.ready_at(at);
    EXPECT_EQ((at - kStart).count(), (std::int64_t{1'000'000'000} * i + 2) / 3);
    bucket.take(at);
  }
}

TEST(TokenBucket, NoTimeFillsItBeyondItsBurst) {
  TokenBucket bucket({.messages = 1'000'000, .per = 1ms, .burst = 2}, kStart);
  const Time later = kStart + 24h * 365 * 100;
  EXPECT_TRUE(bucket.full(later));
  bucket.take(later);
  bucket.take(later);
  EXPECT_FALSE(bucket.ready(later));
  EXPECT_FALSE(bucket.full(later));
  EXPECT_TRUE(bucket.full(later + 2ns));
}

TEST(TokenBucket, TheLargestDoesNotOverflow) {
  TokenBucket bucket({.messages = 0xFFFFFFFF, .per = 24h, .burst = 0xFFFFFFFF}, kStart);
  EXPECT_TRUE(bucket.full(kStart + 24h * 365 * 200));
  bucket.take(kStart + 24h * 365 * 200);
  EXPECT_TRUE(bucket.ready(kStart + 24h * 365 * 200));
}

TEST(TokenBucket, TimeThatGoesBackGivesNothing) {
  TokenBucket bucket({.messages = 1, .per = 1s, .burst = 1}, kStart);
  bucket.take(kStart);
  EXPECT_EQ(bucket.ready_at(kStart - 10s), kStart + 1s);
  EXPECT_EQ(bucket.ready_at(kStart), kStart + 1s);
}

// Whenever messages come: over any window of length w at most burst + w * messages / per pass.
RC_GTEST_PROP(TokenBucketProperty, NoWindowLetsMorePass, ()) {
  const TokenBucket::Settings settings{.messages = *rc::gen::inRange(1U, 20U),
                                       .per = Duration(*rc::gen::inRange(1, 2000)),
                                       .burst = *rc::gen::inRange(1U, 20U)};
  TokenBucket bucket(settings, kStart);
  std::vector<std::int64_t> passed;
  Time now = kStart;
  for (const int pause : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 500))) {
    now += Duration(pause);
    while (bucket.ready(now) && *rc::gen::inRange(0, 5) > 0) {
      bucket.take(now);
      passed.push_back((now - kStart).count());
    }
  }
  for (std::size_t from = 0; from < passed.size(); ++from) {
    for (std::size_t to = from; to < passed.size(); ++to) {
      const std::int64_t gained = (passed[to] - passed[from]) * settings.messages / settings.per.count();
      RC_ASSERT(static_cast<std::int64_t>(to - from + 1) <= settings.burst + gained);
    }
  }
}

// And no fewer: who always takes what is there loses nothing by rounding, however often it asks in between. (With
// room for one token alone, what came beyond it within the last nanosecond is lost.)
RC_GTEST_PROP(TokenBucketProperty, WhoWaitsAsToldGetsTheWholeRate, ()) {
  const TokenBucket::Settings settings{.messages = *rc::gen::inRange(1U, 50U),
                                       .per = Duration(*rc::gen::inRange(100, 100'000)),
                                       .burst = *rc::gen::inRange(2U, 10U)};
  TokenBucket bucket(settings, kStart);
  for (std::uint32_t i = 0; i < settings.burst; ++i) bucket.take(kStart);
  Time now = kStart;
  for (std::int64_t i = 1; i <= 200; ++i) {
    const Time at = bucket.ready_at(now);
    if (at > now && *rc::gen::arbitrary<bool>()) {
      RC_ASSERT(bucket.ready_at(now + (at - now) / 2) == at);
      RC_ASSERT(!bucket.ready(at - 1ns));
    }
    now = std::max(now, at);
    bucket.take(now);
    RC_ASSERT((now - kStart).count() == (i * settings.per.count() + settings.messages - 1) / settings.messages);
  }
}

}  // namespace
}  // namespace braid::core
