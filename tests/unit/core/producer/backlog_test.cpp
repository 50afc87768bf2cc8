#include "core/producer/backlog.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace braid::core {
namespace {

Backlog::Entry entry(std::uint64_t sequence) {
  OwnedRecord record;
  record.payload = "1234";
  return {.sequence = sequence, .token = sequence * 10, .record = record};
}

TEST(Backlog, IsInTheOrderOfSendingWhateverCameBackFirst) {
  Backlog backlog;
  for (const std::uint64_t sequence : {7U, 9U, 3U, 5U}) backlog.add(entry(sequence));
  EXPECT_EQ(backlog.bytes(), 16U);
  std::vector<std::uint64_t> order;
  while (const auto oldest = backlog.take_oldest()) order.push_back(oldest->sequence);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{3, 5, 7, 9}));
  EXPECT_EQ(backlog.bytes(), 0U);
}

TEST(RebuildCount, EndsUnlessSomethingWasDelivered) {
  RebuildCount count(2);
  EXPECT_TRUE(count.begin());
  EXPECT_TRUE(count.begin());
  EXPECT_FALSE(count.begin());
  count.delivered();
  EXPECT_TRUE(count.begin());
  EXPECT_FALSE(RebuildCount(0).begin());
}

}  // namespace
}  // namespace braid::core
