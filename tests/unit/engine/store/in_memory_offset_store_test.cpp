#include <braid/offset_store.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
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

}  // namespace
}  // namespace braid
