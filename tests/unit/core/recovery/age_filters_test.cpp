#include "core/recovery/age_filters.hpp"

#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using test_support::TestMessages;
using Kind = Verdict::Kind;

// The wall clock is at an hour; timestamps are told from then.
class AgeFilters : public testing::Test {
 protected:
  Message at(std::chrono::milliseconds time) {
    return messages_.add({.offset = next_++, .timestamp = kWall + time});
  }
  Message without_timestamp() { return messages_.add({.offset = next_++}); }
  void pass_time(Duration by) {
    time_.now += by;
    time_.wall += std::chrono::duration_cast<std::chrono::system_clock::duration>(by);
  }

  static constexpr std::chrono::milliseconds kWall = 1h;
  TestMessages messages_;
  std::int64_t next_ = 0;
  FilterTime time_{.now = Time{5h}, .wall = std::chrono::system_clock::time_point{kWall}};
};

TEST_F(AgeFilters, AMessageIsDelayedUntilItHasItsAge) {
  Delay delay(5s);
  const Message message = at(-2s);
  const Verdict verdict = delay.ask(message, time_);
  EXPECT_EQ(verdict.kind(), Kind::wait);
  EXPECT_EQ(verdict.until(), time_.now + 3s);
  pass_time(3s - 1ns);
  EXPECT_EQ(delay.ask(message, time_).kind(), Kind::wait);
  pass_time(1ns);
  EXPECT_EQ(delay.ask(message, time_).kind(), Kind::pass);
  EXPECT_EQ(delay.ask(at(-10s), time_).kind(), Kind::pass);
}

TEST_F(AgeFilters, AWallClockThatIsSetIsNoticed) {
  Delay delay(24h);
  const Message message = at(0s);
  EXPECT_EQ(delay.ask(message, time_).until(), time_.now + Delay::kLookAgain);
  time_.wall += 24h;
  EXPECT_EQ(delay.ask(message, time_).kind(), Kind::pass);
}

TEST_F(AgeFilters, ATimestampOfTheFutureCountsAsNewWhenItIsSeen) {
  Delay delay(5s);
  const Message message = at(24h * 365);
  EXPECT_EQ(delay.ask(message, time_).until(), time_.now + 5s);
  pass_time(4s);
  EXPECT_EQ(delay.ask(message, time_).until(), time_.now + 1s);
  pass_time(1s);
  EXPECT_EQ(delay.ask(message, time_).kind(), Kind::pass);
}

TEST_F(AgeFilters, MessagesOfAClockThatIsAheadDoNotWaitOneByOne) {
  Delay delay(5s);
  const Message first = at(1h);
  const Message second = at(1h + 2s);
  EXPECT_EQ(delay.ask(first, time_).until(), time_.now + 5s);
  pass_time(5s);
  EXPECT_EQ(delay.ask(first, time_).kind(), Kind::pass);
  EXPECT_EQ(delay.ask(second, time_).until(), time_.now + 2s);
  pass_time(2s);
  EXPECT_EQ(delay.ask(second, time_).kind(), Kind::pass);
  EXPECT_EQ(delay.ask(at(-5s), time_).kind(), Kind::pass) << "others go by their own";
}

TEST_F(AgeFilters, WhatIsTooOldExpires) {
  Expire expire(1min);
  EXPECT_EQ(expire.ask(at(-1min), time_).kind(), Kind::pass);
  EXPECT_EQ(expire.ask(at(-1min - 1ms), time_).kind(), Kind::skip);
  EXPECT_EQ(expire.ask(at(1h), time_).kind(), Kind::pass);
}

TEST_F(AgeFilters, WithoutATimestampThereIsNoAge) {
  const Message message = without_timestamp();
  EXPECT_EQ(time_.age(message), std::nullopt);
  EXPECT_EQ(Delay(5s).ask(message, time_).kind(), Kind::pass);
  EXPECT_EQ(Expire(1ms).ask(message, time_).kind(), Kind::pass);
}

TEST_F(AgeFilters, AnyTimestampIsBorne) {
  constexpr auto kMost = std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::system_clock::duration(std::numeric_limits<std::int64_t>::max()));
  const Message before_the_epoch = messages_.add({.offset = next_++, .timestamp = -kMost});
  EXPECT_EQ(time_.age(before_the_epoch), std::nullopt);
  Delay delay(5s);
  const Message last = messages_.add({.offset = next_++, .timestamp = kMost});
  EXPECT_EQ(delay.ask(at(1s), time_).until(), time_.now + 5s);
  pass_time(5s);
  EXPECT_EQ(delay.ask(last, time_).until(), time_.now + 5s);
  pass_time(5s);
  EXPECT_EQ(delay.ask(last, time_).kind(), Kind::pass);
  EXPECT_EQ(Expire(1ms).ask(last, time_).kind(), Kind::pass);
}

TEST_F(AgeFilters, AnAgeIsWhatUsersSee) {
  EXPECT_EQ(time_.age(at(-1500ms)), 1500ms);
  EXPECT_EQ(time_.age(at(1s)), -1s);
}

}  // namespace
}  // namespace braid::core
