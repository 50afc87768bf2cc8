#include "framework/adapters/librdkafka/rdkafka_transactional_client.hpp"
#include "kafka_member.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace braid::mock_test {
namespace {

constexpr std::int64_t kThen = 1'234'567'890'123;  // ms

engine::OutgoingMessage message(const std::string& key) {
  return {.topic = "orders",
          .partition = std::nullopt,
          .key = key,
          .payload = "x",
          .headers = {},
          .timestamp_ms = kThen};
}

class PartitionersOfTransactions : public ::testing::TestWithParam<const char*> {};

// A key's records are in one partition, whether they are sent in transactions or not, with the timestamps they had.
TEST_P(PartitionersOfTransactions, AKeyGoesWhereItGoesOutsideOfThem) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 10, 1}}}};
  routing::KafkaSettings settings;
  if (*GetParam() != '\0') settings["partitioner"] = GetParam();
  const std::vector<std::string> keys{"ann", "bob", "cid", "dan", "eve", "fay"};

  TestProducer outside{cluster, {settings.begin(), settings.end()}};
  for (const std::string& key : keys) ASSERT_TRUE(outside.client->send(message(key), ++outside.tokens).ok());
  outside.settle();
  ASSERT_EQ(outside.reports.size(), keys.size());
  std::map<std::string, int> expected;
  for (const auto& report : outside.reports) expected[keys.at(report.token - 1)] = report.partition.value;

  KeptLog log;
  settings["bootstrap.servers"] = cluster.bootstrap();
  auto made = adapters::make_transactional_client(
      {.log = log, .client_id = "test", .transactional_id = "t", .settings = settings});
  ASSERT_TRUE(made.ok()) << made.error().text();
  engine::TransactionalClient& inside = *made.value();
  ASSERT_TRUE(inside.init().ok());
  ASSERT_TRUE(inside.begin().ok());
  std::uint32_t token = 0;
  for (const std::string& key : keys) ASSERT_TRUE(inside.send(message(key), ++token).ok());

  Member reader{cluster, "reader", {{"isolation.level", "read_uncommitted"}}};
  reader.subscribe({"orders"});
  ASSERT_TRUE(reader.until([&] { return reader.taken.size() == 2 * keys.size(); }));
  for (const auto& [taken, owner] : reader.taken) {
    EXPECT_EQ(taken.partition().value, expected.at(std::string(taken.key()))) << taken.key();
    EXPECT_EQ(taken.timestamp().time_since_epoch(), std::chrono::milliseconds(kThen)) << taken.key();
  }
  EXPECT_TRUE(inside.abort().ok());
}

INSTANTIATE_TEST_SUITE_P(All, PartitionersOfTransactions,
                         ::testing::Values("", "consistent", "murmur2", "fnv1a_random"));

}  // namespace
}  // namespace braid::mock_test
