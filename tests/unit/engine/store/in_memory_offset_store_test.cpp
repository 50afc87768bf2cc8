#include <braid/offset_store.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid {
namespace {

const OffsetStore::Partition kFirst{"orders", {0}};
const OffsetStore::Partition kSecond{"orders", {1}};

class InMemoryOffsetStoreTest : public testing::Test {
 protected:
  std::uint64_t begin(const OffsetStore::Partition& partition, const std::string& group = "g") {
    return store_.open(group, std::span(&partition, 1)).value().front().epoch;
  }
  Result<void> save(std::vector<OffsetStore::Position> positions, const std::string& group = "g") {
    return store_.save(group, positions);
  }
  InMemoryOffsetStore store_;
};

TEST_F(InMemoryOffsetStoreTest, GivesBackWhatWasSaved) {
  const auto epoch = begin(kFirst);
  EXPECT_EQ(store_.position("g", kFirst), std::nullopt);
  ASSERT_TRUE(save({{kFirst, {7}, "gaps", epoch}}).ok());
  const auto loaded = store_.open("g", std::vector{kSecond, kFirst});
  EXPECT_EQ(loaded.value()[0].position, std::nullopt);
  EXPECT_EQ(loaded.value()[1].position, CommitPosition{7});
  EXPECT_EQ(loaded.value()[1].metadata, "gaps");
  EXPECT_EQ(store_.position("other", kFirst), std::nullopt);
}

TEST_F(InMemoryOffsetStoreTest, AnOlderEpochIsRefused) {
  const auto zombie = begin(kFirst);
  const auto owner = begin(kFirst);
  EXPECT_GT(owner, zombie);
  ASSERT_TRUE(save({{kFirst, {20}, {}, owner}}).ok());
  const auto late = save({{kFirst, {5}, {}, zombie}});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind(), Error::Kind::stale_member);
  EXPECT_EQ(store_.position("g", kFirst), CommitPosition{20});
}

TEST_F(InMemoryOffsetStoreTest, StoresAllOrNothing) {
  const auto zombie = begin(kFirst);
  (void)begin(kFirst);
  const auto owner = begin(kSecond);
  EXPECT_FALSE(save({{kSecond, {3}, {}, owner}, {kFirst, {5}, {}, zombie}}).ok());
  EXPECT_EQ(store_.position("g", kSecond), std::nullopt);
}

// A position may move back: at most once, what has not started is given back.
TEST_F(InMemoryOffsetStoreTest, TheOwnerMayMoveItBack) {
  const auto epoch = begin(kFirst);
  ASSERT_TRUE(save({{kFirst, {9}, {}, epoch}}).ok());
  ASSERT_TRUE(save({{kFirst, {4}, {}, epoch}}).ok());
  EXPECT_EQ(store_.position("g", kFirst), CommitPosition{4});
}

// --- what consumers' transactions were to record

using Ranges = std::vector<OffsetRange>;

OffsetStore::Position claims(Ranges recorded, CommitPosition position = {8}) {
  OffsetStore::Position claimed{kFirst, position, {}, 1};
  claimed.recorded = std::move(recorded);
  return claimed;
}

TEST(NotCommitted, AllThatIsClaimedIsThereOrBelowWhatIsStored) {
  const Ranges there{{{6}, {7}}, {{2}, {3}}, {{4}, {5}}};
  const auto found = [&](Ranges recorded, std::optional<CommitPosition> stored = std::nullopt) {
    return !OffsetStore::not_committed(claims(std::move(recorded)), there, stored).has_value();
  };
  EXPECT_TRUE(found({}));
  EXPECT_TRUE(found({{{2}, {7}}}));
  EXPECT_TRUE(found({{{2}, {2}}, {{5}, {6}}}));
  EXPECT_FALSE(found({{{1}, {3}}}));
  EXPECT_FALSE(found({{{6}, {8}}}));
  EXPECT_FALSE(found({{{2}, {3}}, {{9}, {9}}}));
  EXPECT_TRUE(found({{{0}, {3}}}, CommitPosition{2}));
  EXPECT_TRUE(found({{{0}, {0}}, {{7}, {7}}}, CommitPosition{4}));
  EXPECT_FALSE(found({{{0}, {3}}}, CommitPosition{1}));
}

TEST(NotCommitted, SaysWhereAndWhatToDo) {
  const auto wrong = OffsetStore::not_committed(claims({{{2}, {3}}}), {}, std::nullopt);
  ASSERT_TRUE(wrong.has_value());
  EXPECT_EQ(wrong->kind(), Error::Kind::not_committed);
  EXPECT_EQ(wrong->text(),
            "orders/0: offsets 2 to 3 were recorded by save() in a consumer's transaction that was not committed, "
            "though consume() has returned; commit it before, or let consume() throw");
}

TEST_F(InMemoryOffsetStoreTest, WhatWasClaimedAndIsNotThereKeepsThePositionBack) {
  (void)begin(kFirst);
  const auto refused = save({claims({{{2}, {3}}})});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), Error::Kind::not_committed);
  EXPECT_EQ(store_.position("g", kFirst), std::nullopt);
  ASSERT_TRUE(save({claims({})}).ok());
  EXPECT_TRUE(save({claims({{{2}, {3}}}, {9})}).ok()) << "it is below what this generation has stored: said again";
}

// A seek began a generation that is stored by now: what an earlier one says late would undo it.
TEST_F(InMemoryOffsetStoreTest, ALateSaveOfAnEarlierGenerationIsPassedOver) {
  const auto epoch = begin(kFirst);
  ASSERT_TRUE(save({{kFirst, {4}, {}, epoch, Generation{2}, true}}).ok());
  OffsetStore::Position late{kFirst, {1000}, {}, epoch, Generation{1}};
  late.recorded = {{{0}, {999}}};
  EXPECT_TRUE(save({late}).ok());
  EXPECT_EQ(store_.position("g", kFirst), CommitPosition{4});
}

}  // namespace
}  // namespace braid
