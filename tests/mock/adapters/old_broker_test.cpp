// Brokers that are too old for what is wanted: the error says what that needs.

#include "framework/adapters/librdkafka/rdkafka_transactional_client.hpp"
#include "kafka_member.hpp"

#include <string>
#include <vector>

namespace braid::mock_test {
namespace {

using testing::Api;

void expect_parts(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
}

TEST(OldBroker, AnIdempotentProducerSaysThatItNeedsKafka011) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  cluster.set_newest_version(Api::init_producer_id, -1);
  TestProducer producer{cluster, {{"enable.idempotence", "true"}}};
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (producer.errors.empty() && std::chrono::steady_clock::now() < deadline) {
    producer.client->serve(producer, 50ms);
  }
  ASSERT_FALSE(producer.errors.empty());
  EXPECT_TRUE(producer.errors.front().fatal());
  expect_parts(producer.errors.front().text(),
               {"Idempotent producer not supported", "the broker is too old for that", "KIP-98", "needs Kafka 0.11",
                "set enable.idempotence to false"});
}

TEST(OldBroker, ATransactionSaysThatItNeedsKafka25) {
  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  cluster.set_newest_version(Api::init_producer_id, -1);
  KeptLog log;
  routing::KafkaSettings settings;
  settings["bootstrap.servers"] = cluster.bootstrap();
  auto made = adapters::make_transactional_client(
      {.log = log, .client_id = "test", .transactional_id = "billing", .settings = settings});
  ASSERT_TRUE(made.ok()) << made.error().text();
  const auto begun = made.value()->init();
  ASSERT_FALSE(begun.ok());
  expect_parts(begun.error().text(), {"init_transactions (billing)", "the broker is too old for that",
                                      "needs Kafka 2.5", "at_least_once"});
}

}  // namespace
}  // namespace braid::mock_test
