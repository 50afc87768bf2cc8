// What is in a topic, and how far a group is in it.

#include "mock/application/eventually.hpp"

#include <braid/producer.hpp>
#include <braid/testing/embedded_cluster.hpp>
#include <braid/topic_positions.hpp>

#include <gtest/gtest.h>

namespace braid::application_test {
namespace {

TEST(TopicPositions, TellWhatIsThereOfEveryPartition) {
  testing::EmbeddedCluster cluster({.brokers = 1, .topics = {{"orders", 3}}});
  const routing::KafkaSettings kafka{{"bootstrap.servers", cluster.bootstrap()}};
  {
    Producer producer({.kafka = kafka});
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(producer.produce(
          {.topic = "orders", .key = {}, .payload = "x", .partition = PartitionNumber{i / 3}, .headers = {}}));
    }
    ASSERT_TRUE(producer.flush(kDeadline));
  }
  const auto found = topic_positions({.kafka = kafka, .topic = "orders", .group = "nobody"});
  ASSERT_TRUE(found.ok()) << found.error().text();
  ASSERT_EQ(found.value().size(), 3u);
  const std::int64_t ends[] = {3, 1, 0};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found.value()[i].partition.value, static_cast<std::int32_t>(i));
    EXPECT_EQ(found.value()[i].begin, Offset{0});
    EXPECT_EQ(found.value()[i].end, Offset{ends[i]});
    EXPECT_EQ(found.value()[i].committed, std::nullopt);
  }
}

TEST(TopicPositions, WithoutABrokerTheyEndInTime) {
  const auto began = std::chrono::steady_clock::now();
  const auto found = topic_positions(
      {.kafka = {{"bootstrap.servers", "127.0.0.1:1"}}, .topic = "orders", .group = "g", .timeout = 300ms});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind(), Error::Kind::broker_unreachable) << found.error().text();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
}

TEST(TopicPositions, AWrongSettingIsToldAsOne) {
  for (const routing::KafkaSettings& kafka :
       {routing::KafkaSettings{}, routing::KafkaSettings{{"bootstrap.servers", "x"}, {"no.such.setting", "1"}}}) {
    const auto found = topic_positions({.kafka = kafka, .topic = "orders", .group = "g"});
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().kind(), Error::Kind::invalid_setting) << found.error().text();
  }
}

}  // namespace
}  // namespace braid::application_test
