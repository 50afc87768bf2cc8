#include "engine/listener/describe_partitions.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace braid::engine {
namespace {

std::string described(std::vector<TopicPartition> partitions) {
  return describe_partitions(partitions);
}

TEST(DescribePartitions, SaysNone) {
  EXPECT_EQ(described({}), "none");
}

TEST(DescribePartitions, JoinsNeighbours) {
  EXPECT_EQ(described({{"orders", {7}}, {"orders", {2}}, {"orders", {0}}, {"orders", {1}}}), "orders 0-2,7");
}

TEST(DescribePartitions, GroupsByTopic) {
  EXPECT_EQ(described({{"payments", {2}}, {"orders", {1}}, {"orders", {2}}}), "orders 1-2; payments 2");
}

TEST(DescribePartitions, DoesNotJoinOverTopics) {
  EXPECT_EQ(described({{"a", {0}}, {"b", {1}}}), "a 0; b 1");
}

}  // namespace
}  // namespace braid::engine
