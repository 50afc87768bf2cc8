#include "core/virtual_partitions/batch_placement.hpp"

#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <set>
#include <vector>

namespace braid::core {
namespace {

using test_support::TestMessages;
using Indexes = std::vector<std::uint32_t>;

// Batches of sticky keys.
struct BatchPlacementTest : ::testing::Test {
  Indexes place(std::initializer_list<const char*> keys) {
    TestMessages messages;
    for (const char* key : keys) messages.add(key, "p");
    batches.place_gathering(messages.all(), indexes, scratch);
    return indexes;
  }
  BatchPlacement batches{make_placement({.reducer = {routing::Reducer::Kind::sticky, {}}}, 4)};
  Indexes indexes;
  std::vector<KeyId> scratch;
};

TEST_F(BatchPlacementTest, KeysOfThePresentBatchBindTheGatheringOne) {
  EXPECT_EQ(place({"a", "b"}), (Indexes{0, 1}));
  batches.started();
  EXPECT_EQ(place({"c", "b", "a"}), (Indexes{2, 1, 0}));
}

TEST_F(BatchPlacementTest, WhatIsLaidOutAnewIsNotCountedTwice) {
  place({"a", "b", "c"});
  // Were the first one still counted, the fourth virtual partition would be the least loaded.
  EXPECT_EQ(place({"d"}), (Indexes{2}));
  EXPECT_EQ(place({"a", "b", "c", "d"}).size(), 4u);
  EXPECT_EQ(Indexes(indexes), (Indexes{2, 1, 0, 3}));
}

TEST_F(BatchPlacementTest, ASettledBatchBindsNothing) {
  place({"a", "b"});
  batches.started();
  batches.settled();
  const Indexes next = place({"c", "d"});
  EXPECT_EQ(std::set<std::uint32_t>(next.begin(), next.end()), (std::set<std::uint32_t>{0, 1})) << "both are free";
}

TEST_F(BatchPlacementTest, TheArmedBatchBindsOnceItIsPresent) {
  place({"a", "b"});
  batches.started();
  EXPECT_EQ(place({"c"}), (Indexes{2}));
  batches.settled();
  batches.started();
  EXPECT_EQ(place({"d", "c"}).at(1), 2u);
}

TEST_F(BatchPlacementTest, ADroppedBatchBindsNothing) {
  place({"a"});
  batches.dropped();
  EXPECT_EQ(place({"b"}), (Indexes{0}));
}

TEST_F(BatchPlacementTest, NothingIsKeptWhereTheReducerForgets) {
  BatchPlacement forgetful(make_placement({}, 4));
  TestMessages messages;
  messages.add("a", "p");
  for (int i = 0; i < 3; ++i) {
    forgetful.place_gathering(messages.all(), indexes, scratch);
    forgetful.started();
  }
}

TEST(BatchPlacementDeathTest, AtMostOneBatchIsPresent) {
  BatchPlacement batches(make_placement({.reducer = {routing::Reducer::Kind::sticky, {}}}, 4));
  TestMessages messages;
  messages.add("a", "p");
  Indexes indexes;
  std::vector<KeyId> scratch;
  batches.place_gathering(messages.all(), indexes, scratch);
  batches.started();
  batches.place_gathering(messages.all(), indexes, scratch);
  EXPECT_DEATH(batches.started(), "at most one batch");
}

}  // namespace
}  // namespace braid::core
