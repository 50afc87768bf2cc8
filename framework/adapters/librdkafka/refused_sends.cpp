#include "adapters/librdkafka/refused_sends.hpp"

#include "adapters/librdkafka/rdkafka_errors.hpp"

#include <string>
#include <utility>

namespace braid::adapters {

namespace {

constexpr const char* kName = "braid";
constexpr int kHalf = 32;
static_assert(sizeof(void*) >= 8, "an address holds a token and a partition");

bool for_good(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return true;
    default:
      return false;
  }
}

// These are said of a request's whole batch of records.
bool about_a_batch(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
         code == RD_KAFKA_RESP_ERR_INVALID_RECORD || code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

}  // namespace

void* SendMark::as_opaque() const {
  return reinterpret_cast<void*>((std::uintptr_t{token} << kHalf) | wraps_to);
}

SendMark SendMark::of(const void* opaque) {
  const auto bits = reinterpret_cast<std::uintptr_t>(opaque);
  return {static_cast<std::uint32_t>(bits >> kHalf), static_cast<std::uint32_t>(bits)};
}

void RefusedSends::install(rd_kafka_conf_t& conf) {
  rd_kafka_conf_interceptor_add_on_new(&conf, kName, &RefusedSends::on_new, this);
}

rd_kafka_resp_err_t RefusedSends::on_new(rd_kafka_t* rk, const rd_kafka_conf_t*, void* opaque, char*, std::size_t) {
  return rd_kafka_interceptor_add_on_acknowledgement(rk, kName, &RefusedSends::on_acknowledgement, opaque);
}

rd_kafka_resp_err_t RefusedSends::on_acknowledgement(rd_kafka_t*, rd_kafka_message_t* message,
                                                     void* opaque) noexcept {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const char* const topic = message->rkt != nullptr ? rd_kafka_topic_name(message->rkt) : "a topic";
  try {
    static_cast<RefusedSends*>(opaque)->note(SendMark::of(message->_private).token, message->err, topic, true);
  } catch (...) {
    // No memory: the transaction fails all the same, and its next attempt tells.
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void RefusedSends::clear() {
  const std::scoped_lock lock(mutex_);
  refused_.clear();
}

void RefusedSends::note(std::uint32_t token, rd_kafka_resp_err_t code, const char* topic, bool by_broker) {
  if (!for_good(code)) return;
  const std::scoped_lock lock(mutex_);
  if (refused_.contains(token)) return;
  Error error = translate(code, std::string("produce to ") + topic);
  refused_.emplace(token, engine::RefusedSend{token, by_broker && about_a_batch(code), std::move(error)});
}

void RefusedSends::note_some(Error error) {
  const std::scoped_lock lock(mutex_);
  if (refused_.empty()) refused_.emplace(0, engine::RefusedSend{0, false, std::move(error)});
}

std::vector<engine::RefusedSend> RefusedSends::all() {
  const std::scoped_lock lock(mutex_);
  std::vector<engine::RefusedSend> all;
  all.reserve(refused_.size());
  for (const auto& [token, each] : refused_) all.push_back(each);
  return all;
}

}  // namespace braid::adapters
