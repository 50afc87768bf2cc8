#include "adapters/librdkafka/statistics.hpp"

#include <braid/events.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <new>
#include <string>

namespace braid::adapters {
namespace {

using namespace std::chrono_literals;

// As librdkafka 2.0.2 writes it, shortened.
constexpr const char* kConsumer = R"({
  "name": "rdkafka#consumer-1", "client_id": "braid-0", "type": "consumer", "ts": 5016483227792, "time": 1527060869,
  "age": 12004567, "replyq": 0, "msg_cnt": 22710, "msg_size": 704010, "tx": 631, "tx_bytes": 168584479, "rx": 631,
  "rx_bytes": 31084,
  "brokers": {
    "localhost:9092/bootstrap": {"name": "localhost:9092/bootstrap", "nodeid": -1, "nodename": "localhost:9092",
      "source": "configured", "state": "UP", "rtt": {"avg": 1, "p99": 1}},
    "GroupCoordinator": {"name": "GroupCoordinator", "nodeid": 2, "nodename": "localhost:9093", "source": "logical",
      "state": "UP", "rtt": {"avg": 1, "p99": 1}},
    "localhost:9093/2": {"name": "localhost:9093/2", "nodeid": 2, "nodename": "localhost:9093", "source": "learned",
      "state": "UP", "outbuf_cnt": 3, "waitresp_cnt": 4, "req_timeouts": 5, "disconnects": 6,
      "rtt": {"min": 1580, "max": 3389, "avg": 2349, "p99": 3381, "cnt": 24},
      "throttle": {"min": 0, "max": 30, "avg": 12, "cnt": 24}},
    "localhost:9092/1": {"name": "localhost:9092/1", "nodeid": 1, "nodename": "localhost:9092", "source": "learned",
      "state": "DOWN"}
  },
  "topics": {
    "clicks": {"topic": "clicks", "partitions": {
      "0": {"partition": 0, "fetchq_cnt": 100, "fetchq_size": 4096},
      "1": {"partition": 1, "fetchq_cnt": 11, "fetchq_size": 904},
      "-1": {"partition": -1, "fetchq_cnt": 0, "fetchq_size": 0}}},
    "orders": {"topic": "orders", "partitions": {"0": {"fetchq_cnt": 1, "fetchq_size": 1}}}
  },
  "cgrp": {"state": "up", "join_state": "steady", "rebalance_age": 1, "rebalance_cnt": 7,
    "rebalance_reason": "group is rebalancing", "assignment_size": 2}
})";

TEST(Statistics, OfAConsumerAreRead) {
  const auto read = read_statistics(kConsumer);
  ASSERT_TRUE(read.ok()) << read.error().text();
  const events::ClientMeasured& client = read.value();
  EXPECT_EQ(client.client, "braid-0");
  EXPECT_FALSE(client.is_producer);
  EXPECT_EQ(client.age, 12'004ms);
  EXPECT_EQ(client.group_state, "up");
  EXPECT_EQ(client.rebalances, 7u);
  EXPECT_EQ(client.rebalance_reason, "group is rebalancing");
  EXPECT_EQ(client.fetch_queue_messages, 112u);
  EXPECT_EQ(client.fetch_queue_bytes, 5'001u);
  EXPECT_EQ(client.send_queue_messages, 0u) << "a consumer sends none";
  EXPECT_EQ(client.received_bytes, 31'084u);
  EXPECT_EQ(client.sent_bytes, 168'584'479u);
  ASSERT_EQ(client.brokers.size(), 2u) << "neither bootstrap servers nor the coordinator once more";
  EXPECT_EQ(client.brokers[0].broker, 1);
  EXPECT_FALSE(client.brokers[0].up);
  EXPECT_EQ(client.brokers[0].round_trip, 0us);
  const events::Broker& second = client.brokers[1];
  EXPECT_EQ(second.broker, 2);
  EXPECT_EQ(second.address, "localhost:9093");
  EXPECT_TRUE(second.up);
  EXPECT_EQ(second.round_trip, 2'349us);
  EXPECT_EQ(second.round_trip_p99, 3'381us);
  EXPECT_EQ(second.throttle, 12ms);
  EXPECT_EQ(second.waiting, 7u);
  EXPECT_EQ(second.timeouts, 5u);
  EXPECT_EQ(second.disconnects, 6u);
}

TEST(Statistics, OfAProducerHaveItsQueue) {
  const auto read = read_statistics(R"({"client_id": "p", "type": "producer", "msg_cnt": 12, "msg_size": 345})");
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read.value().is_producer);
  EXPECT_EQ(read.value().send_queue_messages, 12u);
  EXPECT_EQ(read.value().send_queue_bytes, 345u);
  EXPECT_TRUE(read.value().brokers.empty());
}

// Other versions may tell less, or otherwise.
TEST(Statistics, WhatIsMissingOrOfAnotherTypeIsNothing) {
  const auto read = read_statistics(
      R"({"client_id": 7, "age": "old", "rx_bytes": -5, "tx_bytes": 1.5e3, "msg_cnt": 18446744073709551615,
          "type": "producer", "brokers": [], "topics": {"t": 1, "u": {"partitions": {"0": null}}},
          "cgrp": {"rebalance_cnt": null}})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().client, "");
  EXPECT_EQ(read.value().age, 0ms);
  EXPECT_EQ(read.value().received_bytes, 0u);
  EXPECT_EQ(read.value().sent_bytes, 1'500u);
  EXPECT_EQ(read.value().send_queue_messages, 9'223'372'036'854'775'807u);
}

TEST(Statistics, WhatIsNoneIsAnError) {
  for (const char* text : {"", "{", "[]", "17", "{\"brokers\": }"}) {
    const auto read = read_statistics(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_NE(read.error().text().find("no JSON"), std::string::npos) << read.error().text();
  }
}

TEST(Statistics, NothingIsThrownIntoTheLibrary) {
  EXPECT_EQ(pass_on([](const std::string&) { throw std::bad_alloc(); }, "{}"), 0);
  std::string heard;
  EXPECT_EQ(pass_on([&](std::string text) { heard = std::move(text); }, "{}"), 0);
  EXPECT_EQ(heard, "{}");
}

}  // namespace
}  // namespace braid::adapters
