#include "core/virtual_partitions/loads.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace braid::core {
namespace {

TEST(Loads, TheLeastLoadedComesUntilAllAreAlike) {
  Loads loads(3);
  std::vector<std::uint32_t> taken;
  for (int i = 0; i < 6; ++i) {
    taken.push_back(loads.least());
    loads.raise(taken.back());
  }
  EXPECT_EQ(std::vector<std::uint32_t>(taken.begin(), taken.begin() + 3), (std::vector<std::uint32_t>{0, 1, 2}));
  for (std::uint32_t index = 0; index < 3; ++index) EXPECT_EQ(loads.load(index), 2u);
}

TEST(Loads, OneThatHasBecomeFreeIsTakenBeforeANewOne) {
  Loads loads(1'000'000);
  loads.raise(loads.least());
  loads.raise(loads.least());
  loads.lower(0);
  EXPECT_EQ(loads.least(), 0u);
  EXPECT_EQ(loads.used(), 2u) << "what was never used costs nothing";
}

TEST(Loads, AfterAPeakTheLeastIsFoundAgain) {
  Loads loads(2);
  for (int i = 0; i < 1000; ++i) loads.raise(0);
  for (int i = 0; i < 1000; ++i) loads.raise(1);
  EXPECT_LT(loads.least(), 2u);
  for (int i = 0; i < 1000; ++i) loads.lower(1);
  EXPECT_EQ(loads.least(), 1u);
  for (int i = 0; i < 1000; ++i) loads.lower(0);
  loads.shrink();
  EXPECT_LT(loads.least(), 2u);
  loads.raise(1);
  EXPECT_EQ(loads.least(), 0u);
}

TEST(LoadsDeathTest, MistakesOfOursEndTheProcess) {
  Loads loads(2);
  loads.raise(0);
  EXPECT_DEATH(loads.raise(2), "below max_partitions");
  EXPECT_DEATH(loads.lower(1), "released once");
  loads.lower(0);
  EXPECT_DEATH(loads.lower(0), "released once");
}

RC_GTEST_PROP(LoadsProperties, TheLeastIsTheLeast, ()) {
  const auto max_partitions = *rc::gen::inRange<std::uint32_t>(1, 12);
  Loads loads(max_partitions);
  std::vector<std::uint32_t> model(max_partitions);
  const auto steps = *rc::gen::inRange(1, 300);
  for (int step = 0; step < steps; ++step) {
    const auto index = *rc::gen::inRange<std::uint32_t>(0, max_partitions);
    switch (*rc::gen::inRange(0, 3)) {
      case 0: {
        const std::uint32_t least = loads.least();
        ++model.at(least);
        loads.raise(least);
        break;
      }
      case 1:
        ++model[index];
        loads.raise(index);
        break;
      default:
        if (model[index] == 0) break;
        --model[index];
        loads.lower(index);
    }
    for (std::uint32_t i = 0; i < max_partitions; ++i) RC_ASSERT(loads.load(i) == model[i]);
    RC_ASSERT(model.at(loads.least()) == *std::min_element(model.begin(), model.end()));
  }
}

}  // namespace
}  // namespace braid::core
