#include "adapters/librdkafka/commit_gate.hpp"

#include "adapters/librdkafka/rdkafka_version.hpp"

namespace braid::adapters {
namespace {

constexpr const char* kName = "braid";
constexpr int16_t kJoinGroup = 11;
constexpr int16_t kSyncGroup = 14;

}  // namespace

void CommitGate::install(rd_kafka_conf_t& conf) {
  if (rdkafka_at_least(2, 10)) return;
  rd_kafka_conf_interceptor_add_on_new(&conf, kName, &CommitGate::on_new, this);
}

rd_kafka_resp_err_t CommitGate::on_new(rd_kafka_t* rk, const rd_kafka_conf_t*, void* opaque, char*, size_t) {
  const auto code = rd_kafka_interceptor_add_on_request_sent(rk, kName, &CommitGate::on_request_sent, opaque);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  return rd_kafka_interceptor_add_on_response_received(rk, kName, &CommitGate::on_response_received, opaque);
}

rd_kafka_resp_err_t CommitGate::on_request_sent(rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t,
                                                int32_t, size_t, void* opaque) {
  if (api_key == kJoinGroup) {
    auto& gate = *static_cast<CommitGate*>(opaque);
    gate.open_.store(false, std::memory_order_release);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t CommitGate::on_response_received(rd_kafka_t*, int, const char*, int32_t, int16_t api_key,
                                                     int16_t, int32_t, size_t, int64_t, rd_kafka_resp_err_t,
                                                     void* opaque) {
  if (api_key == kSyncGroup) static_cast<CommitGate*>(opaque)->open_.store(true, std::memory_order_release);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace braid::adapters
