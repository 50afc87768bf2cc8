#include "core/flow/hold_watch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = Time{} + 1h;

class HoldWatchTest : public testing::Test {
 protected:
  void look(Duration after) { watch_.look_at(kStart + after); }
  [[nodiscard]] std::optional<std::int64_t> through() const {
    const auto through = watch_.through();
    return through ? std::optional(through->value) : std::nullopt;
  }

  HoldWatch watch_{{.copy_after = 1s, .spare_bytes = 1000}};
};

TEST_F(HoldWatchTest, WhatHadComeByALookIsHeldForLongATimeAfterIt) {
  look(0s);
  watch_.taken({9}, 10);
  look(100ms);
  watch_.taken({19}, 10);
  look(1099ms);
  EXPECT_FALSE(watch_.due());
  EXPECT_EQ(through(), std::nullopt);
  look(1100ms);
  EXPECT_TRUE(watch_.due());
  EXPECT_EQ(through(), 9);
}

TEST_F(HoldWatchTest, WhatWasDueStaysTheEndUntilMoreIs) {
  watch_.taken({9}, 10);
  look(0s);
  look(1s);
  watch_.done();
  EXPECT_FALSE(watch_.due());
  EXPECT_EQ(through(), 9);
  look(2s);
  EXPECT_FALSE(watch_.due()) << "nothing has come";
  watch_.taken({19}, 10);
  look(3s);
  look(4s);
  EXPECT_TRUE(watch_.due());
  EXPECT_EQ(through(), 19);
}

TEST_F(HoldWatchTest, LooksThatAreOftenAreLateByAQuarterAtMost) {
  for (int i = 0; i < 40; ++i) {
    watch_.taken({i}, 0);
    look(i * 100ms);
    if (i < 14) continue;
    ASSERT_TRUE(through());
    EXPECT_GE(*through(), i - 13);
    EXPECT_LE(*through(), i - 10);
  }
}

TEST_F(HoldWatchTest, WhatSoManyBytesHavePassedIsHeldForLong) {
  watch_.taken({0}, 100);
  watch_.taken({5}, 500);  // the half of it
  watch_.taken({6}, 500);
  watch_.look_at_bytes(100);
  EXPECT_FALSE(watch_.due()) << "a thousand bytes are to spare";
  watch_.taken({7}, 1);
  watch_.look_at_bytes(100);
  EXPECT_TRUE(watch_.due());
  EXPECT_EQ(through(), 5) << "what has just come need not be copied";
  watch_.done();
  watch_.look_at_bytes(0);
  EXPECT_FALSE(watch_.due()) << "501 bytes have come since";
}

TEST_F(HoldWatchTest, WhatIsHeldItselfIsNotSpare) {
  for (int i = 1; i <= 100; ++i) {
    watch_.taken({i}, 100);
    watch_.look_at_bytes(static_cast<std::size_t>(i) * 100);
    ASSERT_FALSE(watch_.due()) << "a queue that is full, from which nothing has gone";
  }
}

TEST_F(HoldWatchTest, NeverIsMoreThanThatKeptBesideWhatIsHeld) {
  std::int64_t kept_from = 0;  // the first byte that something may keep
  std::int64_t came = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::size_t bytes = static_cast<std::size_t>(i) * 37 % 90;
    came += static_cast<std::int64_t>(bytes);
    watch_.taken({came}, bytes);  // an offset a byte
    watch_.look_at_bytes(10);
    if (watch_.due()) {
      kept_from = *through();
      watch_.done();
    }
    ASSERT_LE(came - kept_from, 1000 + 10);
  }
  EXPECT_GT(kept_from, 0);
}

}  // namespace
}  // namespace braid::core
