#include "core/offsets/offset_ranges.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace braid::core {
namespace {

OffsetRange range(std::int64_t first, std::int64_t last) {
  return {{first}, {last}};
}

TEST(OffsetRanges, AreSortedJoinedAndCutAtThePosition) {
  const auto apart = in_order({range(20, 22), range(3, 8), range(9, 9), range(1, 2), range(21, 30)}, {5});
  EXPECT_EQ(apart, (std::vector{range(5, 9), range(20, 30)}));
}

TEST(OffsetRanges, WhatIsEmptyOrBelowThePositionIsLeftOut) {
  EXPECT_EQ(in_order({range(1, 4), range(9, 7)}, {5}), std::vector<OffsetRange>{});
}

RC_GTEST_PROP(OffsetRanges, SayTheSameOffsetsApart, ()) {
  const auto spans = *rc::gen::container<std::vector<std::pair<std::int64_t, std::int64_t>>>(
      rc::gen::pair(rc::gen::inRange<std::int64_t>(0, 60), rc::gen::inRange<std::int64_t>(0, 6)));
  const auto position = *rc::gen::inRange<std::int64_t>(0, 60);
  std::vector<OffsetRange> ranges;
  std::set<std::int64_t> wanted;
  for (const auto& [first, length] : spans) {
    ranges.push_back(range(first, first + length - 1));
    for (std::int64_t at = std::max(first, position); at < first + length; ++at) wanted.insert(at);
  }
  std::set<std::int64_t> said;
  std::int64_t above = -1;
  for (const OffsetRange each : in_order(ranges, {position})) {
    RC_ASSERT(each.first.value > above);
    above = each.last.value + 1;
    for (std::int64_t at = each.first.value; at <= each.last.value; ++at) said.insert(at);
  }
  RC_ASSERT(said == wanted);
}

}  // namespace
}  // namespace braid::core
