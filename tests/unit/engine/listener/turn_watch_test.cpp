#include "engine/listener/turn_watch.hpp"

#include <gtest/gtest.h>

namespace braid::engine {
namespace {

struct NoWait final : Waiter {
  void wait_until(Time) override {}
};

class Watch : public ::testing::Test {
 protected:
  NoWait waiter;
  TurnWatch watch;
  TurnWatch::Rounds first{waiter};
  TurnWatch::Rounds second{waiter};
};

TEST_F(Watch, OfNobodyIsContent) {
  EXPECT_TRUE(watch.all_turned());
  EXPECT_TRUE(watch.all_turned());
}

TEST_F(Watch, OneThatStandsStillIsSeenBesideOneThatTurns) {
  const TurnWatch::Watching a(watch, first);
  const TurnWatch::Watching b(watch, second);
  first.wait_until({});
  second.wait_until({});
  EXPECT_TRUE(watch.all_turned());
  for (int i = 0; i < 3; ++i) {
    first.wait_until({});
    EXPECT_FALSE(watch.all_turned()) << "the second stands still";
  }
  second.wait_until({});
  EXPECT_TRUE(watch.all_turned()) << "the first has turned since the last time, if not since the last look";
  EXPECT_FALSE(watch.all_turned());
}

TEST_F(Watch, WhoHasEndedIsNotWaitedFor) {
  const TurnWatch::Watching a(watch, first);
  {
    const TurnWatch::Watching b(watch, second);
    first.wait_until({});
    EXPECT_FALSE(watch.all_turned());
  }
  EXPECT_TRUE(watch.all_turned());
}

}  // namespace
}  // namespace braid::engine
