#include "core/flow/longest_first.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid::core {
namespace {

TEST(LongestFirst, ServesTheLongestAndAmongEqualsTheFirst) {
  LongestFirst order(5);
  order.insert(0, 2);
  order.insert(1, 7);
  order.insert(2, 7);
  order.insert(3, 1);
  std::vector<std::uint32_t> served;
  while (const auto index = order.first()) {
    served.push_back(*index);
    order.erase(*index);
  }
  EXPECT_EQ(served, (std::vector<std::uint32_t>{1, 2, 0, 3}));
  EXPECT_TRUE(order.empty());
}

TEST(LongestFirst, MovesWhatGrows) {
  LongestFirst order(2);
  order.insert(0, 3);
  order.insert(1, 2);
  order.update(1, 4);
  EXPECT_EQ(order.first(), 1U);
  EXPECT_EQ(order.size(), 2U);
}

TEST(LongestFirst, KnowsWhetherAnythingIsBefore) {
  LongestFirst order(2);
  EXPECT_TRUE(order.none_before(1));
  order.insert(0, 10);
  EXPECT_TRUE(order.none_before(10)) << "beside an equal one";
  EXPECT_FALSE(order.none_before(9));
}

TEST(LongestFirst, HoldsTheLongestLengthsThereAre) {
  LongestFirst order(3);
  order.insert(0, 63);
  order.insert(1, 64);
  order.insert(2, 0xFFFFFFFF);
  EXPECT_EQ(order.first(), 2U);
  order.erase(2);
  EXPECT_EQ(order.first(), 1U);
}

// Exact below 64; above that, lengths of the same power of two count as equal.
std::uint32_t rank(std::uint32_t length) {
  if (length < 64) return length;
  std::uint32_t power = 64;
  while (power <= length / 2) power *= 2;
  return power;
}

RC_GTEST_PROP(LongestFirst, AgreesWithAPlainList, ()) {
  constexpr std::uint32_t kCount = 20;
  struct Entry {
    std::uint32_t index;
    std::uint32_t length;
  };
  LongestFirst order(kCount);
  std::vector<Entry> plain;  // those that are in, oldest first
  const auto steps = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
      rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, kCount), rc::gen::inRange<std::uint32_t>(1, 300)));
  for (const auto& [index, length] : steps) {
    const auto found = std::find_if(plain.begin(), plain.end(), [&](const Entry& e) { return e.index == index; });
    RC_ASSERT(order.contains(index) == (found != plain.end()));
    if (found == plain.end()) {
      order.insert(index, length);
      plain.push_back({index, length});
    } else if (length % 3 == 0) {
      order.erase(index);
      plain.erase(found);
    } else {
      order.update(index, length);
      const bool stays = rank(found->length) == rank(length);
      if (!stays) {
        plain.erase(found);
        plain.push_back({index, length});
      } else {
        found->length = length;
      }
    }
    const auto longest = std::max_element(
        plain.begin(), plain.end(), [](const Entry& a, const Entry& b) { return rank(a.length) < rank(b.length); });
    RC_ASSERT(order.size() == plain.size());
    RC_ASSERT(order.first() == (longest == plain.end() ? std::nullopt : std::optional(longest->index)));
  }
}

}  // namespace
}  // namespace braid::core
