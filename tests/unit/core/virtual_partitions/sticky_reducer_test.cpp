#include "core/virtual_partitions/sticky_reducer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace braid::core {
namespace {

TEST(StickyReducer, AKeyStaysWhileAnyOfItsMessagesIsInFlight) {
  StickyReducer sticky(8);
  const std::uint32_t home = sticky.place(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sticky.place(1), home) << "however loaded it is by now";
  for (int i = 0; i < 100; ++i) sticky.release(1, home);
  EXPECT_EQ(sticky.place(1), home);
}

TEST(StickyReducer, AKeyThatIsDoneGoesToTheLeastLoaded) {
  StickyReducer sticky(2);
  EXPECT_EQ(sticky.place(1), 0u);
  EXPECT_EQ(sticky.place(2), 1u);
  sticky.place(1);
  sticky.release(1, 0);
  sticky.release(1, 0);
  sticky.place(3);  // to 0
  sticky.place(4);
  sticky.place(4);
  EXPECT_EQ(sticky.load(0) + sticky.load(1), 4u);
  const std::uint32_t least = sticky.load(0) < sticky.load(1) ? 0 : 1;
  EXPECT_EQ(sticky.place(1), least);
}

TEST(StickyReducer, WhatBelongsIntoTheFirstOneGoesThereAndIsCounted) {
  StickyReducer sticky(4);
  for (KeyId key = 1; key <= 4; ++key) sticky.place(key);
  EXPECT_EQ(sticky.place_first(kBrokenKey), 0u);
  EXPECT_EQ(sticky.place_first(kBrokenKey), 0u);
  EXPECT_EQ(sticky.load(0), 3u);
  EXPECT_NE(sticky.place(5), 0u);
  sticky.release(kBrokenKey, 0);
  sticky.release(kBrokenKey, 0);
  EXPECT_EQ(sticky.load(0), 1u);
}

TEST(StickyReducer, TenThousandKeysFindTenThousandVirtualPartitions) {
  constexpr std::uint32_t kMany = 20'000;
  StickyReducer sticky(kMany);
  std::set<std::uint32_t> used;
  for (KeyId key = 0; key < kMany; ++key) used.insert(sticky.place(key * 0x9E3779B97F4A7C15));
  EXPECT_EQ(used.size(), kMany);
}

TEST(StickyReducer, AHotKeyHoldsUpNoOtherKey) {
  StickyReducer sticky(16);
  const std::uint32_t hot = sticky.place(1);
  for (int i = 0; i < 100'000; ++i) sticky.place(1);
  for (KeyId key = 2; key < 10'000; ++key) EXPECT_NE(sticky.place(key), hot);
}

TEST(StickyReducer, MemoryOfAPeakIsGivenBackOnceItIsLongPast) {
  StickyReducer sticky(64);
  for (KeyId key = 0; key < 100'000; ++key) sticky.place(key);
  const std::size_t peak = sticky.capacity();
  EXPECT_GE(peak, 100'000u);
  std::map<KeyId, std::uint32_t> homes;
  for (KeyId key = 0; key < 100'000; ++key) homes[key] = sticky.place(key);
  for (const auto& [key, home] : homes) sticky.release(std::vector<KeyId>{key, key}, std::vector{home, home});
  EXPECT_EQ(sticky.in_flight(), 0u);
  for (int batch = 0; batch < 1000; ++batch) sticky.release(7, sticky.place(7));
  EXPECT_LT(sticky.capacity(), 10'000u);
}

TEST(StickyReducer, BatchesThatComeAndGoKeepTheirMemory) {
  StickyReducer sticky(64);
  std::set<std::size_t> capacities;
  for (int batch = 0; batch < 300; ++batch) {
    std::vector<KeyId> keys(5000);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = (batch * 7919 + i) * 0x9E3779B97F4A7C15;
    std::vector<std::uint32_t> indexes(keys.size());
    sticky.place(keys, indexes);
    sticky.release(keys, indexes);
    capacities.insert(sticky.capacity());
  }
  EXPECT_EQ(capacities.size(), 1u);
}

TEST(StickyReducerDeathTest, AMessageIsReleasedOnce) {
  StickyReducer sticky(4);
  sticky.place(1);
  EXPECT_DEATH(sticky.release(1, 3), "released once");
  sticky.release(1, 0);
  EXPECT_DEATH(sticky.release(1, 0), "released once");
}

// Against the rule in its plainest form.
RC_GTEST_PROP(StickyReducerProperties, KeysInFlightStayOthersGoToTheLeastLoadedAndLoadsReturnToZero, ()) {
  struct Message {
    KeyId key;
    std::uint32_t index;
  };
  const auto max_partitions = *rc::gen::inRange<std::uint32_t>(1, 10);
  const auto different = *rc::gen::inRange<KeyId>(1, 20);
  StickyReducer sticky(max_partitions);
  std::vector<Message> flying;
  std::vector<std::uint32_t> loads(max_partitions);
  const auto drop = [&](std::size_t at) {
    sticky.release(flying[at].key, flying[at].index);
    --loads[flying[at].index];
    flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const auto steps = *rc::gen::inRange(1, 300);
  for (int step = 0; step < steps; ++step) {
    if (!flying.empty() && *rc::gen::inRange(0, 5) < 2) {
      drop(*rc::gen::inRange<std::size_t>(0, flying.size()));
      continue;
    }
    const KeyId key = *rc::gen::inRange<KeyId>(0, different);
    const auto same = std::find_if(flying.begin(), flying.end(), [&](const Message& m) { return m.key == key; });
    const std::uint32_t index = sticky.place(key);
    RC_ASSERT(index < max_partitions);
    if (same != flying.end()) {
      RC_ASSERT(index == same->index);
    } else {
      RC_ASSERT(loads[index] == *std::min_element(loads.begin(), loads.end()));
    }
    flying.push_back({key, index});
    ++loads[index];
    for (std::uint32_t i = 0; i < max_partitions; ++i) RC_ASSERT(sticky.load(i) == loads[i]);
  }
  while (!flying.empty()) drop(flying.size() / 2);
  RC_ASSERT(sticky.in_flight() == 0u);
  RC_ASSERT(sticky.keys_in_flight() == 0u);
  for (std::uint32_t i = 0; i < max_partitions; ++i) RC_ASSERT(sticky.load(i) == 0u);
}

}  // namespace
}  // namespace braid::core
