#include "adapters/librdkafka/rdkafka_errors.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>

namespace braid::adapters {
namespace {

using namespace std::chrono_literals;
using Kind = Error::Kind;

struct Translation {
  const char* name;
  rd_kafka_resp_err_t code;
  Kind kind;
  bool retriable;
  friend std::ostream& operator<<(std::ostream& out, const Translation& one) { return out << one.name; }
};

class Translations : public ::testing::TestWithParam<Translation> {};

TEST_P(Translations, HaveTheirKindAndSayWhetherToTryAgain) {
  const Translation& expected = GetParam();
  const Error error = translate(expected.code, "commit");
  EXPECT_EQ(error.kind(), expected.kind);
  EXPECT_EQ(error.retriable(), expected.retriable);
  EXPECT_FALSE(error.fatal());
  EXPECT_TRUE(error.text().starts_with(std::string("commit: ") + rd_kafka_err2str(expected.code))) << error.text();
}

INSTANTIATE_TEST_SUITE_P(
    Codes, Translations,
    ::testing::Values(
        Translation{"transport", RD_KAFKA_RESP_ERR__TRANSPORT, Kind::broker_unreachable, true},
        Translation{"all_down", RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, Kind::broker_unreachable, true},
        Translation{"resolve", RD_KAFKA_RESP_ERR__RESOLVE, Kind::broker_unreachable, true},
        Translation{"topic", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Kind::unknown_topic, true},
        Translation{"own_topic", RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, Kind::unknown_topic, true},
        Translation{"authentication", RD_KAFKA_RESP_ERR__AUTHENTICATION, Kind::not_authorized, false},
        Translation{"topic_access", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Kind::not_authorized, false},
        Translation{"group_access", RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, Kind::not_authorized, false},
        Translation{"timed_out", RD_KAFKA_RESP_ERR__TIMED_OUT, Kind::timed_out, true},
        Translation{"message_timed_out", RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, Kind::timed_out, true},
        Translation{"broker_timed_out", RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, Kind::timed_out, true},
        Translation{"queue_full", RD_KAFKA_RESP_ERR__QUEUE_FULL, Kind::queue_full, true},
        Translation{"generation", RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, Kind::stale_member, false},
        Translation{"member", RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, Kind::stale_member, false},
        Translation{"fenced", RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, Kind::stale_member, false},
        // KIP-848's, which old headers do not name.
        Translation{"fenced_epoch", static_cast<rd_kafka_resp_err_t>(110), Kind::stale_member, false},
        Translation{"stale_epoch", static_cast<rd_kafka_resp_err_t>(113), Kind::stale_member, false},
        Translation{"too_large", RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Kind::message_too_large, false},
        Translation{"purged", RD_KAFKA_RESP_ERR__PURGE_QUEUE, Kind::closed, false},
        Translation{"destroyed", RD_KAFKA_RESP_ERR__DESTROY, Kind::closed, false},
        Translation{"argument", RD_KAFKA_RESP_ERR__INVALID_ARG, Kind::invalid_setting, false},
        Translation{"coordinator", RD_KAFKA_RESP_ERR_NOT_COORDINATOR, Kind::other, true},
        Translation{"rebalance", RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, Kind::other, true},
        Translation{"leader", RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, Kind::other, true},
        Translation{"metadata", RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, Kind::other, false},
        // A code of a later version, within what the enumeration can hold.
        Translation{"unknown", static_cast<rd_kafka_resp_err_t>(250), Kind::other, false}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(RdkafkaErrors, TheTextEndsWithWhatToTry) {
  EXPECT_TRUE(translate(RD_KAFKA_RESP_ERR__TRANSPORT, "x")
                  .text()
                  .ends_with("; check bootstrap.servers and that the brokers run"));
  EXPECT_TRUE(translate(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "x")
                  .text()
                  .ends_with("; create the topic or correct its name"));
}

// What was tried, what librdkafka says of it, and what the error then names.
struct TooOld {
  const char* name;
  rd_kafka_resp_err_t code;
  const char* context;
  const char* detail;
  const char* named;
  friend std::ostream& operator<<(std::ostream& out, const TooOld& one) { return out << one.name; }
};

class BrokersThatAreTooOld : public ::testing::TestWithParam<TooOld> {};

TEST_P(BrokersThatAreTooOld, AreToldWhatIsNeededAndHowToDoWithout) {
  const TooOld& given = GetParam();
  const Error error = translate(given.code, given.context, given.detail);
  EXPECT_EQ(error.kind(), Kind::other);
  EXPECT_FALSE(error.retriable());
  EXPECT_TRUE(error.text().starts_with(std::string(given.context) + ": " + given.detail +
                                       "; the broker is too old for that: "))
      << error.text();
  EXPECT_NE(error.text().find(given.named), std::string::npos) << error.text();
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokersThatAreTooOld,
    ::testing::Values(
        TooOld{
            "idempotence", RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, "the producer is of no more use",
            "Idempotent producer not supported by any of the 1 connected broker(s): requires Apache Kafka broker "
            "version >= 0.11.0",
            "needs Kafka 0.11; or set enable.idempotence to false"},
        TooOld{"lost_records", RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, "the producer is of no more use",
               "InitProducerId (KIP-360) not supported by broker, requires broker version >= 2.5.0",
               "needs Kafka 2.5; or set enable.idempotence to false"},
        TooOld{
            "transactions", RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, "init_transactions (billing-0)",
            "Transactions not supported by any of the 1 connected broker(s): requires Apache Kafka broker version "
            ">= 0.11.0",
            "needs Kafka 2.5; or use at_least_once"},
        TooOld{"positions_of_transactions", RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
               "send_offsets_to_transaction (billing-0)", "Local: Required feature not supported by broker",
               "(KIP-98, and KIP-447 for its positions) needs Kafka 2.5"},
        TooOld{"new_protocol", RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, "Kafka",
               "ConsumerGroupHeartbeat failed: Broker: Unsupported version", "(KIP-848) needs Kafka 4.0"},
        TooOld{"static_member", RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, "Kafka",
               "JoinGroup with a group.instance.id is not supported", "(KIP-345) needs Kafka 2.3"},
        TooOld{"by_time", RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, "restart of orders/0",
               "Broker: Message format on broker does not support request", "needs Kafka 0.10.1"},
        TooOld{"anything_else", RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, "rebalance", "Broker: Unsupported version",
               "all that Braid does needs Kafka 2.5"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(RdkafkaErrors, ADetailTakesThePlaceOfTheCodesText) {
  const Error error = translate(RD_KAFKA_RESP_ERR__TIMED_OUT, "subscribe", "no answer for 3 s");
  EXPECT_EQ(error.text(), "subscribe: no answer for 3 s");
  EXPECT_EQ(translate(RD_KAFKA_RESP_ERR__TIMED_OUT, "", "no answer").text(), "no answer");
}

TEST(RdkafkaErrors, AFatalErrorIsFatal) {
  const Error error = translate(RD_KAFKA_RESP_ERR__FATAL, "produce");
  EXPECT_TRUE(error.fatal());
  EXPECT_FALSE(error.retriable());
}

// The object's flags come from librdkafka; without any, the code decides.
TEST(RdkafkaErrors, AnErrorObjectIsWhatItsCodeSays) {
  rd_kafka_error_t* raw = rd_kafka_error_new(RD_KAFKA_RESP_ERR__QUEUE_FULL, "%s", "2 messages are queued");
  const Error full = translate(*raw, "produce to orders");
  rd_kafka_error_destroy(raw);
  EXPECT_EQ(full.kind(), Kind::queue_full);
  EXPECT_TRUE(full.retriable());
  EXPECT_FALSE(full.fatal());
  EXPECT_EQ(full.text(), "produce to orders: 2 messages are queued");
}

TEST(RdkafkaErrors, UnreachableNamesTheServersAndTheWait) {
  const Error seconds = unreachable("127.0.0.1:1", 9000ms, "");
  EXPECT_EQ(seconds.kind(), Kind::broker_unreachable);
  EXPECT_TRUE(seconds.retriable());
  EXPECT_EQ(seconds.text(),
            "no broker answers at 127.0.0.1:1 within 9 s; check bootstrap.servers and that the broker runs");
  EXPECT_EQ(
      unreachable("a:1,b:2", 1500ms, "Connection refused").text(),
      "no broker answers at a:1,b:2 within 1500 ms (Connection refused); check bootstrap.servers and that the "
      "broker runs");
}

}  // namespace
}  // namespace braid::adapters
