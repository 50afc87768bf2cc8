#include "core/connections/scaling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ostream>
#include <random>
#include <vector>

namespace braid::core {

using Change = Scaling::Decision::Change;

std::ostream& operator<<(std::ostream& out, Change change) {
  return out << (change == Change::none ? "none" : change == Change::more ? "more" : "fewer");
}

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMany = 100'000;

ConnectionLoad holds(std::uint32_t number, std::uint32_t partitions, std::uint64_t waiting = 0) {
  return {.number = number, .settled = true, .partitions = partitions, .waiting = waiting};
}

// A group that is looked at each second. Thread: one.
class ScalingTest : public ::testing::Test {
 protected:
  // Looks once a second for so long, or until something is to be changed.
  Scaling::Decision after(Duration time, const std::vector<ConnectionLoad>& loads) {
    const Time until = now_ + time;
    Scaling::Decision decision = scaling_.decide(now_, loads);
    while (decision.change == Change::none && now_ < until) {
      now_ += 1s;
      decision = scaling_.decide(now_, loads);
    }
    return decision;
  }

  Time now_ = Time{} + 1h;
  Scaling scaling_{{.min = 1, .max = 3, .delay = 60s}};
};

TEST_F(ScalingTest, OneMoreWhereSeveralPartitionsLag) {
  EXPECT_EQ(after(59s, {holds(0, 4, kMany)}).change, Change::none);
  const auto decision = after(1s, {holds(0, 4, kMany)});
  EXPECT_EQ(decision.change, Change::more);
  EXPECT_EQ(decision.number, 1U);
  EXPECT_EQ(decision.because.number, 0U);
  EXPECT_EQ(decision.since, 60s);
}

TEST_F(ScalingTest, NoneMoreForOnePartition) {
  EXPECT_EQ(after(1h, {holds(0, 1, kMany)}).change, Change::none) << "there is nothing that another could take";
}

TEST_F(ScalingTest, NoneMoreForWhatIsOnItsWay) {
  EXPECT_EQ(after(1h, {holds(0, 4, Scaling::kLag - 1)}).change, Change::none);
  EXPECT_EQ(after(60s, {holds(0, 4, Scaling::kLag)}).change, Change::more);
}

TEST_F(ScalingTest, ALagThatWasCaughtUpMeanwhileIsNone) {
  EXPECT_EQ(after(50s, {holds(0, 4, kMany)}).change, Change::none);
  EXPECT_EQ(after(1s, {holds(0, 4, 0)}).change, Change::none);
  EXPECT_EQ(after(59s, {holds(0, 4, kMany)}).change, Change::none);
}

TEST_F(ScalingTest, NeverMoreThanTheMost) {
  EXPECT_EQ(after(1h, {holds(0, 4, kMany), holds(1, 4, kMany), holds(2, 4, kMany)}).change, Change::none);
}

TEST_F(ScalingTest, OneFewerWhereOneHoldsNone) {
  EXPECT_EQ(after(59s, {holds(0, 1), holds(1, 0)}).change, Change::none);
  const auto decision = after(1s, {holds(0, 1), holds(1, 0)});
  EXPECT_EQ(decision.change, Change::fewer);
  EXPECT_EQ(decision.number, 1U);
}

TEST_F(ScalingTest, OfThoseThatHoldNoneTheLastGoes) {
  EXPECT_EQ(after(60s, {holds(0, 0), holds(1, 2), holds(2, 0)}).number, 2U);
}

TEST_F(ScalingTest, ThatAnotherHoldsNoneTooDelaysNothing) {
  EXPECT_EQ(after(50s, {holds(0, 2), holds(1, 0), holds(2, 1)}).change, Change::none);
  const auto decision = after(10s, {holds(0, 2), holds(1, 0), holds(2, 0)});
  EXPECT_EQ(decision.change, Change::fewer);
  EXPECT_EQ(decision.number, 1U) << "2 has not held none for long enough";
}

TEST_F(ScalingTest, TheTimeForWhichItLaggedDoesNotCount) {
  EXPECT_EQ(after(50s, {holds(0, 1), holds(1, 2, kMany), holds(2, 1)}).change, Change::none);
  EXPECT_EQ(after(59s, {holds(0, 2), holds(1, 0), holds(2, 2)}).change, Change::none);
  EXPECT_EQ(after(1s, {holds(0, 2), holds(1, 0), holds(2, 2)}).number, 1U);
}

TEST_F(ScalingTest, NeverFewerThanTheLeast) {
  EXPECT_EQ(after(1h, {holds(0, 0)}).change, Change::none);
}

TEST_F(ScalingTest, OneThatHoldsNoneIsNotJoinedByAnother) {
  EXPECT_EQ(after(59s, {holds(0, 4, kMany), holds(1, 0)}).change, Change::none);
  EXPECT_EQ(after(1s, {holds(0, 4, kMany), holds(1, 0)}).change, Change::fewer);
}

TEST_F(ScalingTest, EachChangeWaitsAnew) {
  ASSERT_EQ(after(60s, {holds(0, 6, kMany)}).change, Change::more);
  EXPECT_EQ(after(59s, {holds(0, 3, kMany), holds(1, 3, kMany)}).change, Change::none);
  const auto decision = after(1s, {holds(0, 3, kMany), holds(1, 3, kMany)});
  EXPECT_EQ(decision.change, Change::more);
  EXPECT_EQ(decision.number, 2U);
}

TEST_F(ScalingTest, NothingChangesWhileOneIsBeingMadeOrRestarted) {
  ConnectionLoad restarting = holds(1, 0);
  restarting.settled = false;
  EXPECT_EQ(after(1h, {holds(0, 4, kMany), restarting}).change, Change::none);
  EXPECT_EQ(after(59s, {holds(0, 4, kMany), holds(1, 2)}).change, Change::none) << "counted from when all runs";
  EXPECT_EQ(after(1s, {holds(0, 4, kMany), holds(1, 2)}).change, Change::more);
}

TEST_F(ScalingTest, ANumberThatIsFreeIsTakenAgain) {
  const auto decision = after(60s, {holds(1, 4, kMany)});
  EXPECT_EQ(decision.change, Change::more);
  EXPECT_EQ(decision.number, 0U);
}

// Where the group's strategy gives a newcomer nothing, coming and going would be a rebalance a minute for ever.
TEST_F(ScalingTest, WhoWasAddedInVainIsNotTriedAgainSoSoon) {
  for (const auto wait : {60s, 120s, 240s, 480s, 960s, 1920s, 3840s, 3840s}) {
    EXPECT_EQ(after(wait - 1s, {holds(0, 4, kMany)}).change, Change::none) << wait.count();
    ASSERT_EQ(after(1s, {holds(0, 4, kMany)}).change, Change::more) << wait.count();
    ASSERT_EQ(after(60s, {holds(0, 4, kMany), holds(1, 0)}).change, Change::fewer);
  }
}

TEST_F(ScalingTest, OtherPartitionsAreAnotherTry) {
  ASSERT_EQ(after(60s, {holds(0, 4, kMany)}).change, Change::more);
  ASSERT_EQ(after(60s, {holds(0, 4, kMany), holds(1, 0)}).change, Change::fewer);
  EXPECT_EQ(after(60s, {holds(0, 5, kMany)}).change, Change::more);
}

TEST_F(ScalingTest, WhoHeldSomethingWasNotInVain) {
  ASSERT_EQ(after(60s, {holds(0, 4, kMany)}).change, Change::more);
  ASSERT_EQ(after(5s, {holds(0, 2, kMany), holds(1, 2)}).change, Change::none);
  ASSERT_EQ(after(60s, {holds(0, 4, kMany), holds(1, 0)}).change, Change::fewer);
  EXPECT_EQ(after(60s, {holds(0, 4, kMany)}).change, Change::more);
}

// Whatever loads come: within the bounds, one step at a time, the delay between two, numbers below the most.
TEST(ScalingProperties, HoldUnderAnyLoads) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    const std::uint32_t min = 1 + below(3);
    const std::uint32_t max = min + below(4);
    const Duration delay = std::chrono::seconds(1 + below(20));
    Scaling scaling({min, max, delay});
    std::vector<ConnectionLoad> loads;
    for (std::uint32_t i = 0; i < min + below(max - min + 1); ++i) loads.push_back(holds(i, below(3)));
    Time now = Time{} + 1h;
    Time last_change = now;
    const bool steady = below(2) == 0;
    for (int look = 0; look < 500; ++look) {
      now += 1s;
      for (ConnectionLoad& load : loads) {
        if (steady && below(40) > 0) continue;
        load.partitions = below(4);
        load.waiting = below(2) * kMany;
        load.settled = below(50) > 0;
      }
      if (steady) {
        for (ConnectionLoad& load : loads) load.settled = true;
      }
      const auto decision = scaling.decide(now, loads);
      if (decision.change == Change::none) continue;
      EXPECT_GE(now - last_change, delay) << "seed " << seed;
      EXPECT_GE(decision.since, delay) << "seed " << seed;
      last_change = now;
      const auto found = std::find_if(loads.begin(), loads.end(),
                                      [&](const auto& load) { return load.number == decision.number; });
      if (decision.change == Change::more) {
        EXPECT_TRUE(found == loads.end()) << "seed " << seed;
        EXPECT_LT(decision.number, max) << "seed " << seed;
        loads.push_back(holds(decision.number, 0));
      } else {
        ASSERT_TRUE(found != loads.end()) << "seed " << seed;
        EXPECT_EQ(found->partitions, 0U) << "seed " << seed;
        loads.erase(found);
      }
      EXPECT_GE(loads.size(), min) << "seed " << seed;
      EXPECT_LE(loads.size(), max) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace braid::core
