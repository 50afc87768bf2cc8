#include "adapters/librdkafka/rdkafka_errors.hpp"

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

}  // namespace

Error translate(rd_kafka_resp_err_t code, std::string_view context) {
  return translate(code, context, rd_kafka_err2str(code));
}

Error translate(rd_kafka_resp_err_t code, std::string_view context, std::string_view detail) {
  const Class found = classify(code);
  return {found.kind, join(context, detail, found.advice), found.retriable, code == RD_KAFKA_RESP_ERR__FATAL};
}

Error translate(const rd_kafka_error_t& error, std::string_view context) {
  const Class found = classify(rd_kafka_error_code(&error));
  return {found.kind, join(context, rd_kafka_error_string(&error), found.advice),
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
