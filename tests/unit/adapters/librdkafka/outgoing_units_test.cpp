#include "adapters/librdkafka/outgoing_units.hpp"

#include "adapters/librdkafka/rdkafka_handles.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::adapters {
namespace {

using Bytes = std::optional<std::string>;

Bytes bytes_of(const void* data, std::size_t size) {
  return data != nullptr ? Bytes(std::string(static_cast<const char*>(data), size)) : std::nullopt;
}

// What a client library without brokers was given comes back when it is purged; all but the timestamp, which it
// hides behind an error.
class OutgoingUnitsTest : public ::testing::Test {
 protected:
  struct CameBack {
    std::string topic;
    std::int32_t partition = 0;
    Bytes key;
    Bytes payload;
    std::vector<std::pair<std::string, Bytes>> headers;
    void* opaque = nullptr;
  };

  OutgoingUnitsTest() {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    std::array<char, 200> reason{};
    rd_kafka_conf_set(conf, "log_level", "0", reason.data(), reason.size());
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_dr_msg_cb(conf, &OutgoingUnitsTest::note);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());  // takes the settings over
  }
  ~OutgoingUnitsTest() override { rd_kafka_destroy(rk); }

  [[nodiscard]] CameBack purged() {
    rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (rd_kafka_outq_len(rk) > 0) rd_kafka_poll(rk, 100);
    EXPECT_EQ(came_back.size(), 1U);
    return came_back.empty() ? CameBack{} : came_back.front();
  }
  void expect_all_of_it(const CameBack& one) {
    EXPECT_EQ(one.topic, "orders");
    EXPECT_EQ(one.partition, 3);
    EXPECT_EQ(one.key, Bytes(""));
    EXPECT_EQ(one.payload, std::nullopt);
    EXPECT_EQ(one.headers,
              (std::vector<std::pair<std::string, Bytes>>{{"full", "x"}, {"empty", ""}, {"none", std::nullopt}}));
    EXPECT_EQ(one.opaque, this);
  }

  const std::vector<Header> headers{{"full", "x"}, {"empty", ""}, {"none", std::nullopt}};
  const engine::OutgoingMessage message{
      .topic = "orders", .partition = PartitionNumber{3}, .key = "", .payload = std::nullopt, .headers = headers};
  rd_kafka_t* rk = nullptr;
  std::vector<CameBack> came_back;

 private:
  static void note(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    CameBack one{.topic = rd_kafka_topic_name(message->rkt),
                 .partition = message->partition,
                 .key = bytes_of(message->key, message->key_len),
                 .payload = bytes_of(message->payload, message->len),
                 .headers = {},
                 .opaque = message->_private};
    rd_kafka_headers_t* all = nullptr;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_message_headers(message, &all) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      for (std::size_t i = 0; rd_kafka_header_get_all(all, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
           ++i) {
        one.headers.emplace_back(name, bytes_of(value, size));
      }
    }
    static_cast<OutgoingUnitsTest*>(opaque)->came_back.push_back(std::move(one));
  }
};

TEST_F(OutgoingUnitsTest, HaveAllOfARecordByItsTopicsName) {
  ASSERT_EQ(OutgoingUnits(message, this).produce(rk), nullptr);
  expect_all_of_it(purged());
}

TEST_F(OutgoingUnitsTest, HaveAllOfARecordByItsTopicsHandle) {
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(rk, "orders", nullptr);
  ASSERT_EQ(OutgoingUnits(topic, message, this).produce(rk), nullptr);
  expect_all_of_it(purged());
  rd_kafka_topic_destroy(topic);
}

TEST_F(OutgoingUnitsTest, APartitionThatWrapsIsThePartitionersToFind) {
  engine::OutgoingMessage wraps = message;
  wraps.partition_wraps = true;
  ASSERT_EQ(OutgoingUnits(wraps, this).produce(rk), nullptr);
  EXPECT_EQ(purged().partition, RD_KAFKA_PARTITION_UA);
}

}  // namespace
}  // namespace braid::adapters
