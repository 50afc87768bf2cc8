#include "core/offsets/returned_offsets.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <vector>

namespace braid::core {
namespace {

using Numbers = std::vector<std::int64_t>;

Numbers taken(ReturnedOffsets& offsets, const std::vector<std::int64_t>& marked) {
  Numbers done;
  offsets.take_marked([&](VirtualPartitionIndex index) { return Offset{marked[index.value]}; },
                      [&](Offset offset) { done.push_back(offset.value); });
  return done;
}

TEST(ReturnedOffsets, AMarkCoversItsOwnVirtualPartitionUpToItAndNoOther) {
  ReturnedOffsets offsets;
  for (std::int64_t offset = 0; offset < 8; ++offset) offsets.add({offset % 2 == 0 ? 0U : 1U}, {offset});
  EXPECT_EQ(taken(offsets, {-1, 4}), (Numbers{1, 3}));
  EXPECT_EQ(offsets.size(), 6U);
  EXPECT_EQ(taken(offsets, {2, 4}), (Numbers{0, 2}));
}

TEST(ReturnedOffsets, EachIsToldOnce) {
  ReturnedOffsets offsets;
  offsets.add({0}, {7});
  EXPECT_EQ(taken(offsets, {7}), Numbers{7});
  EXPECT_EQ(taken(offsets, {9}), Numbers{});
  EXPECT_EQ(offsets.size(), 0U);
}

// Against plain sets: shares return and marks move in any order.
RC_GTEST_PROP(ReturnedOffsetsProperties, WhatIsMarkedLeavesAndNothingElse, ()) {
  constexpr std::uint32_t kVirtualPartitions = 3;
  ReturnedOffsets offsets;
  std::array<std::set<std::int64_t>, kVirtualPartitions> model;
  std::vector<std::int64_t> marked(kVirtualPartitions, -1);
  std::int64_t next = 0;
  const auto steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    const auto index = *rc::gen::inRange<std::uint32_t>(0, kVirtualPartitions);
    if (*rc::gen::arbitrary<bool>()) {
      next += *rc::gen::inRange<std::int64_t>(1, 4);
      offsets.add({index}, {next});
      model[index].insert(next);
    } else {
      marked[index] = std::max(marked[index], *rc::gen::inRange<std::int64_t>(0, next + 2));
    }
    if (*rc::gen::inRange(0, 3) > 0) continue;
    std::set<std::int64_t> expected;
    std::size_t left = 0;
    for (std::uint32_t i = 0; i < kVirtualPartitions; ++i) {
      const auto end = model[i].upper_bound(marked[i]);
      expected.insert(model[i].begin(), end);
      model[i].erase(model[i].begin(), end);
      left += model[i].size();
    }
    const Numbers done = taken(offsets, marked);
    RC_ASSERT(std::set<std::int64_t>(done.begin(), done.end()) == expected);
    RC_ASSERT(done.size() == expected.size());
    RC_ASSERT(offsets.size() == left);
  }
}

}  // namespace
}  // namespace braid::core
