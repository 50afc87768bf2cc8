#include "adapters/librdkafka/rdkafka_errors.hpp"

#include <array>

namespace braid::adapters {
namespace {

// Codes that newer versions know; their numbers are the protocol's, so they may be spelled out.
constexpr int kFencedMemberEpoch = 110;
constexpr int kStaleMemberEpoch = 113;

struct Class {
  Error::Kind kind = Error::Kind::other;
  bool retriable = false;
  std::string_view advice;
};

Class classify(rd_kafka_resp_err_t code) {
  using Kind = Error::Kind;
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
      return {Kind::broker_unreachable, true, "check bootstrap.servers and that the brokers run"};
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return {Kind::unknown_topic, true, "create the topic or correct its name"};
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return {Kind::not_authorized, false, "check the credentials and the broker's access lists"};
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return {Kind::timed_out, true, {}};
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return {Kind::queue_full, true, {}};
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return {Kind::stale_member, false, {}};
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
      return {Kind::fenced, false,
              "another producer has the same transactional id, or the transaction took longer than "
              "transaction.timeout.ms"};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {Kind::message_too_large, false, "raise message.max.bytes here and max.message.bytes of the topic"};
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return {Kind::invalid_record, false, {}};
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return {Kind::closed, false, {}};
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return {Kind::invalid_setting, false, {}};
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return {Kind::other, true, {}};
    default:
      break;
  }
  const int number = static_cast<int>(code);
  if (number == kFencedMemberEpoch || number == kStaleMemberEpoch) return {Kind::stale_member, false, {}};
  return {};
}

// Since when brokers can do what was wanted, and how to do without.
struct Needed {
  std::string_view word;  // of what was tried, or of what librdkafka says about it
  std::string_view advice;
};
constexpr std::array<Needed, 12> kNeeded{{
    {"GroupHeartbeat", "the group protocol `consumer` (KIP-848) needs Kafka 4.0; or set group.protocol to classic"},
    {"KIP-848", "the group protocol `consumer` needs Kafka 4.0; or set group.protocol to classic"},
    {"group.instance.id", "static membership (KIP-345) needs Kafka 2.3; or leave group.instance.id out"},
    {"static", "static membership (KIP-345) needs Kafka 2.3; or leave group.instance.id out"},
    {"ransaction", "exactly once (KIP-98, and KIP-447 for its positions) needs Kafka 2.5; or use at_least_once"},
    {"TxnOffsetCommit", "exactly once (KIP-447) needs Kafka 2.5; or use at_least_once"},
    {"KIP-360", "a producer that goes on behind lost records needs Kafka 2.5; or set enable.idempotence to false"},
    {"dempoten", "idempotence (KIP-98) needs Kafka 0.11; or set enable.idempotence to false"},
    {"InitProducerId", "idempotence (KIP-98) needs Kafka 0.11; or set enable.idempotence to false"},
    {"restart of", "a start by time needs Kafka 0.10.1; or start at the earliest or the latest offset"},
    {"positions", "reading what a group has stored needs Kafka 0.9"},
    {"JoinGroup", "groups need Kafka 0.9, and static members 2.3"},
}};

std::string advice_for_old_brokers(std::string_view context, std::string_view detail) {
  std::string advice = "the broker is too old for that";
  for (const Needed& needed : kNeeded) {
    if (context.find(needed.word) == std::string_view::npos && detail.find(needed.word) == std::string_view::npos) {
      continue;
    }
    return advice.append(": ").append(needed.advice);
  }
  return advice + ": upgrade it (all that Braid does needs Kafka 2.5; without exactly once 0.11 is enough)";
}

bool is_too_old(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE || code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION ||
         code == RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT;
}

std::string join(std::string_view context, std::string_view detail, std::string_view advice) {
  std::string text{context};
  if (!text.empty()) text += ": ";
  text += detail;
  if (!advice.empty()) {
    text += "; ";
    text += advice;
  }
  return text;
}

std::string explain(rd_kafka_resp_err_t code, const Class& found, std::string_view context,
                    std::string_view detail) {
  if (is_too_old(code)) return join(context, detail, advice_for_old_brokers(context, detail));
  return join(context, detail, found.advice);
}

}  // namespace

Error translate(rd_kafka_resp_err_t code, std::string_view context) {
  return translate(code, context, rd_kafka_err2str(code));
}

Error translate(rd_kafka_resp_err_t code, std::string_view context, std::string_view detail) {
  const Class found = classify(code);
  return {found.kind, explain(code, found, context, detail), found.retriable, code == RD_KAFKA_RESP_ERR__FATAL};
}

Error translate(const rd_kafka_error_t& error, std::string_view context) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  const Class found = classify(code);
  return {found.kind, explain(code, found, context, rd_kafka_error_string(&error)),
          found.retriable || rd_kafka_error_is_retriable(&error) != 0, rd_kafka_error_is_fatal(&error) != 0};
}

Error unreachable(std::string_view servers, std::chrono::milliseconds waited, std::string_view reason) {
  std::string text = "no broker answers at " + std::string{servers} + " within ";
  text += waited.count() % 1000 == 0 ? std::to_string(waited.count() / 1000) + " s"
                                     : std::to_string(waited.count()) + " ms";
  if (!reason.empty()) text += " (" + std::string{reason} + ")";
  return {Error::Kind::broker_unreachable, text + "; check bootstrap.servers and that the broker runs", true};
}

}  // namespace braid::adapters
