#include "kafka_member.hpp"

#include <thread>

namespace braid::mock_test {
namespace {

engine::OutgoingMessage message(std::string_view topic, std::string_view payload) {
  return {.topic = topic, .partition = std::nullopt, .key = "k", .payload = payload, .headers = {}};
}

TEST(RdkafkaProducerClient, ReportsEachDeliveryWithItsOffset) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 2, 1}}}};
  TestProducer producer{cluster};
  EXPECT_TRUE(producer.client->reach_broker(10s).ok());
  producer.produce("orders", 1, {record("a", "0"), record("a", "1")});
  ASSERT_EQ(producer.reports.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(producer.reports[i].token, i + 1);
    EXPECT_EQ(producer.reports[i].partition, PartitionNumber{1});
    EXPECT_EQ(producer.reports[i].offset, Offset{static_cast<std::int64_t>(i)});
    EXPECT_FALSE(producer.reports[i].error.has_value());
  }
}

TEST(RdkafkaProducerClient, AKeyGoesToThePartitionThatJavaWouldChoose) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 10, 1}}}};
  TestProducer producer{cluster};
  // murmur2("21") is -973932308 and murmur2("foobar") is -790332482, as Kafka's own tests have them.
  for (const auto& [key, hash] : {std::pair{"21", -973932308}, std::pair{"foobar", -790332482}}) {
    producer.reports.clear();
    auto outgoing = message("orders", "x");
    outgoing.key = key;
    ASSERT_TRUE(producer.client->send(outgoing, 1).ok());
    producer.settle();
    ASSERT_EQ(producer.reports.size(), 1U);
    EXPECT_EQ(producer.reports[0].partition, PartitionNumber{(hash & 0x7fffffff) % 10}) << key;
  }
}

TEST(RdkafkaProducerClient, SurvivesRetriableErrorsWithoutRepeatingOrReordering) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster};
  cluster.fail_next(testing::Api::produce,
                    {testing::BrokerError::not_leader, testing::BrokerError::request_timed_out});
  producer.produce("orders", 0, {record("a", "0"), record("a", "1"), record("a", "2")});
  ASSERT_EQ(producer.reports.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(producer.reports[i].token, i + 1);
    EXPECT_FALSE(producer.reports[i].error.has_value());
  }
}

TEST(RdkafkaProducerClient, AFullQueueAndAMessageTooLargeAreErrorsOfTheCall) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster, {{"queue.buffering.max.messages", "2"}, {"message.max.bytes", "2000"}}};
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(producer.client->send(message("orders", "0"), 1).ok());
  EXPECT_TRUE(producer.client->send(message("orders", "1"), 2).ok());
  const auto full = producer.client->send(message("orders", "2"), 3);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().kind(), Error::Kind::queue_full);
  EXPECT_TRUE(full.error().retriable());
  EXPECT_GE(producer.client->outstanding(), 2U);  // the library's own operations count for a moment

  // Given up, both are reported, with an error.
  producer.client->purge();
  producer.settle();
  ASSERT_EQ(producer.reports.size(), 2U);
  EXPECT_EQ(producer.reports[0].error->kind(), Error::Kind::closed);
  const auto large = producer.client->send(message("orders", std::string(3000, 'x')), 4);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().kind(), Error::Kind::message_too_large);
}

TEST(RdkafkaProducerClient, WakeEndsAWaitAtOnce) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {}}};
  TestProducer producer{cluster};
  const auto begin = std::chrono::steady_clock::now();
  std::jthread waker{[&] { producer.client->wake(); }};
  producer.client->serve(producer, 20s);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST(RdkafkaProducerClient, AnUndeliverableMessageIsReportedWhenItsTimeIsUp) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster, {{"message.timeout.ms", "1000"}}};
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  ASSERT_TRUE(producer.client->send(message("orders", "0"), 1).ok());
  producer.settle();
  ASSERT_EQ(producer.reports.size(), 1U);
  ASSERT_TRUE(producer.reports[0].error.has_value());
  EXPECT_EQ(producer.reports[0].error->kind(), Error::Kind::timed_out);
}

}  // namespace
}  // namespace braid::mock_test
