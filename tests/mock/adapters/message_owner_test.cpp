// Who owns the records: what is detached lives on without them. A client without a group, so nothing has to join.

#include "framework/adapters/librdkafka/partition_queue.hpp"
#include "kafka_member.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace braid::mock_test {
namespace {

class RdkafkaMessageOwnerTest : public ::testing::Test {
 protected:
  RdkafkaMessageOwnerTest() {
    adapters::ConfPtr conf{rd_kafka_conf_new()};
    auto settings = EmbeddedCluster::recommended_consumer_settings();
    settings["bootstrap.servers"] = cluster.bootstrap();
    settings["group.id"] = "owner";
    for (const auto& [name, value] : settings) {
      EXPECT_EQ(rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), nullptr, 0), RD_KAFKA_CONF_OK) << name;
    }
    handle->adopt(rd_kafka_new(RD_KAFKA_CONSUMER, conf.release(), nullptr, 0));
    context.emplace(adapters::QueueContext{.handle = handle,
                                           .waker = {handle->rk(), *rd_kafka_conf(handle->rk())},
                                           .prefetch_bytes_max = 1 << 20,
                                           .batch = {},
                                           .progress = {}});
    queue = std::make_unique<adapters::RdkafkaPartitionQueue>(*context, at("orders", 0), bell);
    const std::vector partitions{at("orders", 0)};
    const auto list = adapters::make_partition_list(partitions);
    list->elems[0].offset = 0;
    EXPECT_EQ(rd_kafka_assign(handle->rk(), list.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  ~RdkafkaMessageOwnerTest() override {
    queue.reset();
    EXPECT_EQ(handle->messages_out(), 0) << "or the handle could not be destroyed";
  }

  [[nodiscard]] std::vector<Message> take(std::size_t count) {
    std::vector<Message> messages;
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (messages.size() < count && std::chrono::steady_clock::now() < deadline) {
      bell.wait(20ms);
      queue->take(100, messages);
    }
    EXPECT_EQ(messages.size(), count);
    return messages;
  }
  engine::MessageOwner& owner() { return *queue->owner(); }

  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 1, 1}}}};
  TestProducer producer{cluster};
  std::shared_ptr<adapters::ClientHandle> handle = std::make_shared<adapters::ClientHandle>();
  std::optional<adapters::QueueContext> context;
  Doorbell bell;
  std::unique_ptr<adapters::RdkafkaPartitionQueue> queue;
};

TEST_F(RdkafkaMessageOwnerTest, WhatIsDetachedSaysTheSameAndCountsOutAtOnce) {
  producer.produce("orders", 0,
                   {record("ann", "first"),
                    {.key = std::nullopt, .payload = "no key", .headers = {}},
                    {.key = "bob", .payload = std::nullopt, .headers = {}},
                    {.key = "", .payload = "", .headers = {{"trace", "1"}, {"null", std::nullopt}, {"trace", "2"}}},
                    record("eve", "stays")});
  std::vector<Message> messages = take(5);
  EXPECT_EQ(handle->messages_out(), 5);
  const std::vector<Message> originals = messages;
  const auto timestamp = messages[0].timestamp();
  EXPECT_GT(timestamp.time_since_epoch().count(), 0);

  EXPECT_EQ(owner().detach(std::span(messages).first(4)), 4U);
  EXPECT_EQ(handle->messages_out(), 1) << "records";
  EXPECT_EQ(owner().detach(std::span(messages).first(4)), 0U) << "they are copies";
  EXPECT_EQ(handle->messages_out(), 1);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NE(messages[i].handle(), originals[i].handle());
    EXPECT_EQ(messages[i].offset(), Offset{static_cast<std::int64_t>(i)});
    EXPECT_EQ(messages[i].topic(), "orders");
    EXPECT_EQ(messages[i].partition(), PartitionNumber{0});
  }
  EXPECT_EQ(messages[0].key(), "ann");
  EXPECT_EQ(messages[0].payload(), "first");
  EXPECT_EQ(messages[0].timestamp(), timestamp);
  EXPECT_TRUE(messages[0].headers().empty());
  EXPECT_FALSE(messages[1].has_key());
  EXPECT_EQ(messages[1].payload(), "no key");
  EXPECT_EQ(messages[2].key(), "bob");
  EXPECT_FALSE(messages[2].has_payload()) << "a tombstone";
  EXPECT_TRUE(messages[3].has_key() && messages[3].has_payload());
  EXPECT_EQ(messages[3].size(), 0U);
  ASSERT_EQ(messages[3].headers().size(), 3U);
  EXPECT_EQ(messages[3].headers()[1].name, "null");
  EXPECT_EQ(messages[3].headers()[1].value, std::nullopt);
  EXPECT_EQ(messages[3].header("trace")->value, "2");
  EXPECT_FALSE(messages[3].header("absent").has_value());
  EXPECT_EQ(messages[4].payload(), "stays");

  owner().release(messages);  // copies and records together
}

TEST_F(RdkafkaMessageOwnerTest, WhenAllCopiesAreFreedRecordsGoTheirUsualWay) {
  producer.produce("orders", 0, {record("a", "0"), record("a", "1"), record("a", "2")});
  std::vector<Message> messages = take(3);
  EXPECT_EQ(owner().detach(std::span(messages).first(1)), 1U);
  owner().release(std::span(messages).subspan(1, 1));
  EXPECT_EQ(handle->messages_out(), 1);
  owner().release(std::span(messages).first(1));
  EXPECT_EQ(handle->messages_out(), 1);
  owner().release(std::span(messages).last(1));
}

}  // namespace
}  // namespace braid::mock_test
