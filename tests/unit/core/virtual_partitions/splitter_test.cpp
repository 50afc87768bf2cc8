#include "core/virtual_partitions/splitter.hpp"

#include "unit/support/test_messages.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <map>
#include <vector>

namespace braid::core {
namespace {

std::vector<std::int64_t> offsets(std::span<const Message> messages) {
  std::vector<std::int64_t> result;
  for (const Message& message : messages) result.push_back(message.offset().value);
  return result;
}

struct Batch {
  explicit Batch(std::vector<std::uint32_t> of) : indexes(std::move(of)), out(indexes.size()) {
    for (std::size_t i = 0; i < indexes.size(); ++i) messages.add("k", "p");
  }
  void split(Splitter& splitter, std::uint32_t max_partitions) {
    splitter.split(messages.all(), indexes, max_partitions, out, shares);
  }

  std::vector<std::uint32_t> indexes;
  test_support::TestMessages messages;
  std::vector<Message> out;
  std::vector<ShareSpan> shares;
};

TEST(Splitter, EachVirtualPartitionsShareIsOneSpanInOffsetOrder) {
  Splitter splitter;
  Batch batch({2, 0, 2, 5, 0, 2});
  batch.split(splitter, 6);
  EXPECT_EQ(offsets(batch.out), (std::vector<std::int64_t>{1, 4, 0, 2, 5, 3}));
  EXPECT_EQ(batch.shares, (std::vector<ShareSpan>{{{0}, 0, 2}, {{2}, 2, 3}, {{5}, 5, 1}}));
}

TEST(Splitter, EmptyBatchHasNoShares) {
  Splitter splitter;
  Batch batch({});
  batch.shares.push_back({{1}, 2, 3});  // of the batch before
  batch.split(splitter, 4);
  EXPECT_TRUE(batch.shares.empty());
}

TEST(Splitter, SharesAreInOrderOverManyVirtualPartitions) {
  Splitter splitter;
  Batch batch({9999, 63, 4096, 0, 64, 4095});
  batch.split(splitter, 10'000);
  std::vector<std::uint32_t> order;
  for (const ShareSpan& share : batch.shares) order.push_back(share.virtual_partition.value);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 63, 64, 4095, 4096, 9999}));
}

TEST(Splitter, NothingOfABatchShowsInTheNext) {
  Splitter splitter;
  Batch large({7, 7, 3, 1});
  large.split(splitter, 8);
  Batch small({3});
  small.split(splitter, 4);
  EXPECT_EQ(small.shares, (std::vector<ShareSpan>{{{3}, 0, 1}}));
}

TEST(SplitterDeathTest, AnIndexThatIsTooHighIsAMistakeOfOurs) {
  Splitter splitter;
  Batch batch({4});
  EXPECT_DEATH(batch.split(splitter, 4), "below max_partitions");
}

RC_GTEST_PROP(SplitterProperties, LaysOutWhatAMapOfListsHolds, ()) {
  Splitter splitter;  // several batches with one: what is left over would show
  const int batches = *rc::gen::inRange(1, 5);
  for (int i = 0; i < batches; ++i) {
    const auto max_partitions = *rc::gen::element<std::uint32_t>(1, 2, 8, 64, 65, 1000, 10'000);
    Batch batch(*rc::gen::container<std::vector<std::uint32_t>>(
        rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint32_t>(0, max_partitions))));
    std::map<std::uint32_t, std::vector<std::int64_t>> model;
    for (std::size_t at = 0; at < batch.indexes.size(); ++at) {
      model[batch.indexes[at]].push_back(batch.messages[at].offset().value);
    }
    batch.split(splitter, max_partitions);

    RC_ASSERT(batch.shares.size() == model.size());
    std::uint32_t begin = 0;  // the spans follow each other without holes, so they are disjoint and complete
    auto expected = model.begin();
    for (const ShareSpan& share : batch.shares) {
      RC_ASSERT(share.virtual_partition.value == expected->first);
      RC_ASSERT(share.begin == begin);
      RC_ASSERT(offsets(std::span(batch.out).subspan(share.begin, share.count)) == expected->second);
      begin += share.count;
      ++expected;
    }
    RC_ASSERT(begin == batch.out.size());
  }
}

}  // namespace
}  // namespace braid::core
