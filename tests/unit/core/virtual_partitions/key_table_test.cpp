#include "core/virtual_partitions/key_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <map>
#include <vector>

namespace braid::core {
namespace {

void add(KeyTable& table, KeyId key, std::uint32_t value) {
  KeyTable::Entry& entry = table.find_or_add(key);
  entry.count = 1;
  entry.value = value;
}

TEST(KeyTable, FindsWhatWasAddedAndNothingElse) {
  KeyTable table;
  EXPECT_EQ(table.find(7), nullptr);
  add(table, 7, 70);
  add(table, 0, 1);
  ASSERT_NE(table.find(7), nullptr);
  EXPECT_EQ(table.find(7)->value, 70u);
  EXPECT_EQ(table.find(0)->value, 1u);
  EXPECT_EQ(table.find(8), nullptr);
  EXPECT_EQ(table.size(), 2u);
}

TEST(KeyTable, WhatIsReservedIsNotAllocatedAgain) {
  KeyTable table;
  table.reserve(1000);
  const std::size_t capacity = table.capacity();
  for (KeyId key = 0; key < 1000; ++key) add(table, key, 0);
  EXPECT_EQ(table.capacity(), capacity);
}

TEST(KeyTable, KeysThatComeAndGoDoNotMakeItGrow) {
  KeyTable table;
  for (KeyId key = 0; key < 100; ++key) add(table, key * 7919, 0);
  const std::size_t capacity = table.capacity();
  for (KeyId key = 100; key < 100'000; ++key) {
    table.remove(*table.find((key - 100) * 7919));
    add(table, key * 7919, 0);
  }
  EXPECT_EQ(table.capacity(), capacity);
  EXPECT_EQ(table.size(), 100u);
}

TEST(KeyTable, ShrinksOnlyToWhatIsAskedFor) {
  KeyTable table;
  table.reserve(100'000);
  table.shrink(1'000'000);
  EXPECT_GE(table.capacity(), 200'000u);
  table.shrink(100);
  EXPECT_LE(table.capacity(), 512u);
  add(table, 3, 30);
  EXPECT_EQ(table.find(3)->value, 30u);
}

TEST(KeyTableDeathTest, DoesNotShrinkUnderItsEntries) {
  KeyTable table;
  add(table, 3, 30);
  EXPECT_DEATH(table.shrink(0), "while it is empty");
}

// Against std::map, with keys that share their homes, so that runs are long and wrap around.
RC_GTEST_PROP(KeyTableProperties, IsAMap, ()) {
  constexpr KeyId kUndone = 0xF1DE83E19937733D;  // times the table's factor it is 1
  KeyTable table;
  std::map<KeyId, std::uint32_t> model;
  const auto steps = *rc::gen::inRange(1, 400);
  for (int step = 0; step < steps; ++step) {
    // The highest bits are the home: the first ones, the last ones and some between.
    const KeyId at = *rc::gen::element<KeyId>(0, 0, 1, 0xFFFF, 0xFFFF, 0x1234) << 48;
    const KeyId key = (at + *rc::gen::inRange<KeyId>(0, 8)) * kUndone;
    if (model.contains(key) && *rc::gen::arbitrary<bool>()) {
      table.remove(*table.find(key));
      model.erase(key);
    } else {
      KeyTable::Entry& entry = table.find_or_add(key);
      RC_ASSERT((entry.count == 0) == !model.contains(key));
      entry.count = 1;
      entry.value = model[key] = static_cast<std::uint32_t>(step);
    }
    RC_ASSERT(table.size() == model.size());
    for (const auto& [each, value] : model) {
      RC_ASSERT(table.find(each) != nullptr);
      RC_ASSERT(table.find(each)->value == value);
    }
  }
}

}  // namespace
}  // namespace braid::core
