#include "adapters/librdkafka/commit_gate.hpp"

#include "adapters/librdkafka/rdkafka_version.hpp"

namespace braid::adapters {
namespace {

constexpr const char* kName = "braid";
constexpr int16_t kJoinGroup = 11;
constexpr int16_t kHeartbeat = 12;
constexpr int16_t kSyncGroup = 14;
// From an answer's arrival to the writing of what follows from it takes librdkafka two changes of thread: less than
// a millisecond, and some on a machine that is busy.
constexpr std::chrono::milliseconds kMoment{20};

}  // namespace

void CommitGate::install(rd_kafka_conf_t& conf) {
  if (rdkafka_at_least(2, 10)) return;
  installed_ = true;
  rd_kafka_conf_interceptor_add_on_new(&conf, kName, &CommitGate::on_new, this);
}

rd_kafka_resp_err_t CommitGate::on_new(rd_kafka_t* rk, const rd_kafka_conf_t*, void* opaque, char*, size_t) {
  const auto code = rd_kafka_interceptor_add_on_request_sent(rk, kName, &CommitGate::on_request_sent, opaque);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return code;
  return rd_kafka_interceptor_add_on_response_received(rk, kName, &CommitGate::on_response_received, opaque);
}

void CommitGate::close_for_a_moment(Time now) {
  if (installed_) closed_until_.store((now + kMoment).time_since_epoch(), std::memory_order_release);
}

void CommitGate::sent(std::int16_t api_key) {
  if (api_key == kJoinGroup) open_.store(false, std::memory_order_release);
}

void CommitGate::received(std::int16_t api_key, Time now) {
  // A sync that failed is followed by another join.
  if (api_key == kHeartbeat || api_key == kSyncGroup) close_for_a_moment(now);
  if (api_key == kSyncGroup) open_.store(true, std::memory_order_release);
}

rd_kafka_resp_err_t CommitGate::on_request_sent(rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t,
                                                int32_t, size_t, void* opaque) {
  static_cast<CommitGate*>(opaque)->sent(api_key);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t CommitGate::on_response_received(rd_kafka_t*, int, const char*, int32_t, int16_t api_key,
                                                     int16_t, int32_t, size_t, int64_t, rd_kafka_resp_err_t,
                                                     void* opaque) {
  static_cast<CommitGate*>(opaque)->received(api_key, std::chrono::steady_clock::now());
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace braid::adapters
