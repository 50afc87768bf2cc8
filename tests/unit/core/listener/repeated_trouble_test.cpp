#include "core/listener/repeated_trouble.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = Time{} + 1h;

TEST(RepeatedTrouble, IsSaidOnceAndAgainWhileItLasts) {
  RepeatedTrouble trouble;
  EXPECT_TRUE(trouble.fails("not allowed", kNow));
  EXPECT_FALSE(trouble.fails("not allowed", kNow + 1s));
  EXPECT_FALSE(trouble.fails("not allowed", kNow + RepeatedTrouble::kSayAgain - 1ms));
  EXPECT_TRUE(trouble.fails("not allowed", kNow + RepeatedTrouble::kSayAgain));
  EXPECT_FALSE(trouble.fails("not allowed", kNow + RepeatedTrouble::kSayAgain + 1s));
}

TEST(RepeatedTrouble, AnotherOneIsSaidToo) {
  RepeatedTrouble trouble;
  EXPECT_TRUE(trouble.fails("not allowed", kNow));
  EXPECT_TRUE(trouble.fails("not there", kNow));
  EXPECT_FALSE(trouble.fails("not there", kNow));
}

TEST(RepeatedTrouble, ItsEndIsSaidWhereItWasSaid) {
  RepeatedTrouble trouble;
  EXPECT_FALSE(trouble.works());
  EXPECT_TRUE(trouble.fails("not allowed", kNow));
  EXPECT_TRUE(trouble.works());
  EXPECT_FALSE(trouble.works());
  EXPECT_TRUE(trouble.fails("not allowed", kNow)) << "and then it begins anew";
}

TEST(RepeatedTrouble, IsTriedEverLessOften) {
  RepeatedTrouble trouble;
  Time now = kNow;
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    (void)trouble.fails("not allowed", now);
    (void)trouble.fails("not allowed", now);  // of another partition
    EXPECT_EQ(trouble.pause(), pause);
    now += pause;
  }
  (void)trouble.works();
  (void)trouble.fails("not allowed", now);
  EXPECT_EQ(trouble.pause(), 1s);
}

}  // namespace
}  // namespace braid::core
