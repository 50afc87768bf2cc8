// The producer on real Kafka: where keys land, what arrives, and what is told of records that do not.

#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"

#include <braid/producer.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::integration {
namespace {

class ProducerOnKafka : public KafkaTest {
 protected:
  [[nodiscard]] static ProducerSettings producer_settings(std::map<std::string, std::string> more = {},
                                                          const std::string& servers = bootstrap()) {
    ProducerSettings settings;
    settings.kafka = {{"bootstrap.servers", servers}, {"linger.ms", "1"}, {"reconnect.backoff.max.ms", "500"}};
    for (const auto& [key, value] : more) settings.kafka[key] = value;
    settings.log_level = LogLevel::off;
    return settings;
  }
  void create_topic(int partitions, const std::map<std::string, std::string>& config = {}) const {
    KafkaAdmin(bootstrap()).create_topic(topic, partitions, 1, config);
  }
  [[nodiscard]] std::int64_t in_topic() const {
    std::int64_t count = 0;
    for (const std::int64_t end : KafkaAdmin(bootstrap()).end_offsets(topic)) count += end;
    return count;
  }
};

// What org.apache.kafka.common.utils.Utils.murmur2 says of these, as Kafka's own tests have it.
TEST_F(ProducerOnKafka, KeysLandWhereJavasClientsPutThem) {
  constexpr int kPartitions = 12;
  create_topic(kPartitions);
  const std::vector<std::pair<std::string_view, std::int32_t>> hashes{
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107}};
  Producer producer(producer_settings());
  for (const auto& [key, hash] : hashes) {
    const auto delivered = producer.produce_sync({.topic = topic, .key = key, .payload = "x"}, kDeadline);
    ASSERT_TRUE(delivered.ok()) << delivered.error().text();
    EXPECT_EQ(delivered.value().partition, PartitionNumber{(hash & 0x7fffffff) % kPartitions}) << key;
  }
}

TEST_F(ProducerOnKafka, WhatIsSentArrivesAsItWas) {
  create_topic(1);
  Producer producer(producer_settings());
  const Record whole{
      .topic = topic,
      .key = "k",
      .payload = "",
      .headers = {{"twice", "1"}, {"twice", "2"}, {"null", std::nullopt}, {"empty", ""}},
      .timestamp = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123))};
  const Record tombstone{.topic = topic, .key = "k"};
  const Record keyless{.topic = topic, .payload = "3"};
  ASSERT_TRUE(producer.produce_many_sync(std::array{whole, tombstone, keyless}, kDeadline).ok());

  std::mutex mutex;
  std::vector<std::string> seen;
  recorder->script = [&](Batch& batch) {
    const std::scoped_lock lock(mutex);
    for (const Message& message : batch) {
      std::string text = message.has_key() ? "key " + std::string(message.key()) : "no key";
      text += message.is_tombstone() ? ", tombstone" : ", payload '" + std::string(message.payload()) + "'";
      for (const Header& header : message.headers()) {
        text += ", " + std::string(header.name) + "=" + std::string(header.value.value_or("none"));
      }
      if (message.offset() == Offset{0})
        text += ", at " + std::to_string(message.timestamp().time_since_epoch() / 1ms);
      seen.push_back(text);
    }
  };
  Application application(settings(), route(group, topic, recorder));
  application.start();
  EXPECT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return seen.size() >= 3;
  }));
  application.stop();
  std::ranges::sort(seen);  // several virtual partitions
  EXPECT_EQ(seen,
            (std::vector<std::string>{"key k, payload '', twice=1, twice=2, null=none, empty=, at 1700000000123",
                                      "key k, tombstone", "no key, payload '3'"}));
}

TEST_F(ProducerOnKafka, ManyAreDeliveredOrNoneIsSent) {
  create_topic(3);
  Producer producer(producer_settings());
  std::vector<std::string> payloads;
  for (int i = 0; i < 1000; ++i) payloads.push_back(std::to_string(i));
  std::vector<Record> records;
  for (const std::string& payload : payloads)
    records.push_back({.topic = topic, .key = payload, .payload = payload});
  const ManyDelivered many = producer.produce_many_sync(records, kDeadline);
  EXPECT_TRUE(many.ok());
  EXPECT_EQ(many.delivered(), 1000U);
  EXPECT_EQ(in_topic(), 1000);
  records[500].headers.push_back({"", "a header without a name"});
  const ManyDelivered refused = producer.produce_many_sync(records, kDeadline);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->kind(), Error::Kind::invalid_record);
  EXPECT_EQ(refused.delivered(), 0U);
  EXPECT_EQ(in_topic(), 1000);
}

// The shared node creates no topics by itself.
TEST_F(ProducerOnKafka, AnUnknownTopicIsToldByTheDelivery) {
  Producer producer(producer_settings({{"topic.metadata.propagation.max.ms", "1000"}}));
  const auto delivered = producer.produce_sync({.topic = unique_name("nowhere"), .payload = "x"}, kDeadline);
  ASSERT_FALSE(delivered.ok());
  EXPECT_EQ(delivered.error().kind(), Error::Kind::unknown_topic) << delivered.error().text();
  EXPECT_EQ(producer.outstanding(), 0U);
}

TEST_F(ProducerOnKafka, APartitionThatIsNotThereIsUnknown) {
  create_topic(2);
  Producer producer(producer_settings());
  ASSERT_TRUE(producer.produce_sync({.topic = topic, .payload = "x"}, kDeadline).ok());
  const auto delivered = producer.produce_sync({.topic = topic, .payload = "x", .partition = {{7}}}, kDeadline);
  ASSERT_FALSE(delivered.ok());
  EXPECT_EQ(delivered.error().kind(), Error::Kind::unknown_topic) << delivered.error().text();
}

TEST_F(ProducerOnKafka, APayloadAboveTheTopicsOwnLimitIsToldByItsDelivery) {
  create_topic(1, {{"max.message.bytes", "1000"}});
  Producer producer(producer_settings());
  const std::string large(2000, 'x');
  const auto delivered = producer.produce_sync({.topic = topic, .payload = large}, kDeadline);
  ASSERT_FALSE(delivered.ok());
  EXPECT_EQ(delivered.error().kind(), Error::Kind::message_too_large) << delivered.error().text();
  EXPECT_FALSE(delivered.error().retriable());
  EXPECT_TRUE(producer.produce_sync({.topic = topic, .payload = "small"}, kDeadline).ok());
  EXPECT_EQ(in_topic(), 1);
}

TEST_F(ProducerOnKafka, AFailedFlushKeepsWhatWasNotDeliveredInOrder) {
  KafkaCluster own = KafkaCluster::start();
  KafkaAdmin(own.bootstrap()).create_topic(topic);
  Producer producer(producer_settings({{"message.timeout.ms", "3000"}}, own.bootstrap()));
  std::vector<std::string> payloads;
  const auto buffer = [&](int count) {
    for (int i = 0; i < count; ++i) {
      payloads.push_back(std::to_string(payloads.size()));
      ASSERT_TRUE(producer.buffer({.topic = topic, .payload = payloads.back()}).ok());
    }
  };
  buffer(10);
  ASSERT_TRUE(producer.flush(kDeadline).ok());
  own.stop(1);
  buffer(20);
  EXPECT_FALSE(producer.flush(kDeadline).ok());
  EXPECT_EQ(producer.buffered(), 20U);
  buffer(5);  // behind them
  own.restart(1);
  ASSERT_TRUE(eventually([&] { return producer.flush(kDeadline).ok(); }, 60s));
  EXPECT_EQ(producer.buffered(), 0U);
  EXPECT_EQ(read_committed(own.bootstrap(), topic, 1), payloads);
}

}  // namespace
}  // namespace braid::integration
