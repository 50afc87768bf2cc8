// What a variant of a topic changes, beside topics that have none, over one client.

#include "mock/application/eventually.hpp"
#include "mock/producer/producer_fixture.hpp"

#include <braid/braid.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace braid::application_test {
namespace {

class VariantsTest : public ProducerTest {
 protected:
  // Where each of some keys lands.
  [[nodiscard]] static std::vector<std::int32_t> partitions_of(Producer& producer, const std::string& topic) {
    std::vector<std::int32_t> found;
    for (int i = 0; i < 20; ++i) {
      const std::string key = "key " + std::to_string(i);
      const auto delivery = producer.produce_sync({.topic = topic, .key = key, .payload = "x"}, kDeadline);
      EXPECT_TRUE(delivery.ok());
      if (delivery) found.push_back(delivery.value().partition.value);
    }
    return found;
  }
  // The lowest offset that is still there, of a topic of one partition.
  [[nodiscard]] std::int64_t first_offset(const std::string& topic) const {
    std::atomic<std::int64_t> first{-1};
    auto routes = routing::draw([&](routing::RoutesBuilder& r) {
      r.consumer_group("reader-" + topic).topic(topic).handle([&](const Message& message) {
        std::int64_t none = -1;
        first.compare_exchange_strong(none, message.offset().value);
      });
    });
    Application reader({.kafka = {{"bootstrap.servers", cluster.bootstrap()}}, .log_level = LogLevel::warning},
                       std::move(routes));
    reader.start();
    EXPECT_TRUE(eventually([&] { return first.load() >= 0; }));
    reader.stop();
    return first.load();
  }
};

TEST_F(VariantsTest, FewerAcksDoNotWaitForTheBroker) {
  make_topic("metrics");
  make_topic("clicks");
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.kafka["enable.idempotence"] = "false";
  settings.topics["metrics"] = {.acks = Acks::none};
  settings.topics["clicks"] = {.acks = Acks::one};
  Producer producer(settings);
  // So that the partitions are known.
  for (const char* topic : {"metrics", "clicks", "orders"}) {
    ASSERT_TRUE(producer.produce_sync(record(topic, "0"), kDeadline).ok());
  }
  constexpr auto kLate = 1500ms;
  cluster.set_latency(1, kLate);
  const auto takes = [&](std::string_view topic) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(producer.produce_sync(record(topic, "1"), kDeadline).ok());
    return std::chrono::steady_clock::now() - begun;
  };
  EXPECT_LT(takes("metrics"), kLate) << "it waited for an acknowledgement";
  EXPECT_GE(takes("clicks"), kLate);
  EXPECT_GE(takes("orders"), kLate);
}

// A partition of this broker keeps its last 5 MiB, counted as they came: what is compressed is all there.
TEST_F(VariantsTest, CompressionIsTheTopicsOwn) {
  make_topic("packed");
  make_topic("plain");
  ProducerSettings settings = producer_settings();
  settings.topics["packed"] = {.compression = "gzip", .compression_level = 9};
  Producer producer(settings);
  const std::string large(900'000, 'x');
  for (int i = 0; i < 10; ++i) {
    for (const char* topic : {"packed", "plain"}) {
      ASSERT_TRUE(producer.produce_sync(record(topic, large), kDeadline).ok());
    }
  }
  EXPECT_EQ(first_offset("packed"), 0);
  EXPECT_GT(first_offset("plain"), 0);
}

TEST_F(VariantsTest, ATopicMayGiveUpSoonerThanTheOthers) {
  make_topic("metrics");
  make_topic("orders");
  ProducerSettings settings = producer_settings();
  settings.topics["metrics"] = {.delivery_timeout = 500ms};
  Producer producer(settings);
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  const auto order = producer.produce(record("orders", "1"));
  const auto metric = producer.produce_sync(record("metrics", "1"), kDeadline);
  ASSERT_FALSE(metric.ok());
  EXPECT_EQ(metric.error().kind(), Error::Kind::timed_out);
  EXPECT_FALSE(order.value().ready()) << "it has five minutes";
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  EXPECT_TRUE(order.value().wait(kDeadline).ok());
}

TEST_F(VariantsTest, ThePartitionerIsTheTopicsOwn) {
  constexpr int kPartitions = 7;
  for (const char* topic : {"by-murmur2", "by-crc32", "all-by-crc32"}) make_topic(topic, kPartitions);
  ProducerSettings settings = producer_settings();
  settings.topics["by-crc32"] = {.partitioner = "consistent_random"};
  Producer producer(settings);
  ProducerSettings other = producer_settings();
  other.kafka["partitioner"] = "consistent_random";
  Producer all_by_crc32(other);
  const auto by_murmur2 = partitions_of(producer, "by-murmur2");
  const auto by_crc32 = partitions_of(producer, "by-crc32");
  EXPECT_NE(by_murmur2, by_crc32);
  EXPECT_EQ(by_crc32, partitions_of(all_by_crc32, "all-by-crc32"));
}

}  // namespace
}  // namespace braid::application_test
