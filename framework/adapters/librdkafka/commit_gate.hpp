#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace braid::adapters {

// Says whether a commit may be sent: not from the writing of a JoinGroup until the SyncGroup response.
//
// A commit that is sent while the member's own JoinGroup is under way waits behind it at the coordinator, is
// answered with ILLEGAL_GENERATION, and librdkafka before 2.10 then gives up its whole assignment as lost. The
// requests are seen by interceptors, on the broker threads; from 2.10 on none is installed and the gate stays open.
// A join that fails is followed by another one, so that the gate needs no other way to open.
//
// A JoinGroup waits for its writing in librdkafka's queues first, and a commit may not come behind it there either.
// What brings one about is the answer to a heartbeat or a sync, or that a revocation was answered: behind these the
// gate is closed for a moment, in which the JoinGroup, if there is one, is written.
//
// Thread: any; the interceptors on librdkafka's. Must outlive the rd_kafka_t.
class CommitGate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // To be called before rd_kafka_new().
  void install(rd_kafka_conf_t& conf);
  [[nodiscard]] bool open(Time now) const {
    return open_.load(std::memory_order_acquire) && now >= Time(closed_until_.load(std::memory_order_acquire));
  }
  // The client may be about to join.
  void close_for_a_moment(Time now);

  // What the interceptors do; for tests.
  void sent(std::int16_t api_key);
  void received(std::int16_t api_key, Time now);

 private:
  static rd_kafka_resp_err_t on_new(rd_kafka_t* rk, const rd_kafka_conf_t* conf, void* opaque, char* text,
                                    size_t text_size);
  static rd_kafka_resp_err_t on_request_sent(rd_kafka_t* rk, int socket, const char* broker, int32_t broker_id,
                                             int16_t api_key, int16_t api_version, int32_t correlation, size_t size,
                                             void* opaque);
  static rd_kafka_resp_err_t on_response_received(rd_kafka_t* rk, int socket, const char* broker, int32_t broker_id,
                                                  int16_t api_key, int16_t api_version, int32_t correlation,
                                                  size_t size, int64_t rtt, rd_kafka_resp_err_t code, void* opaque);

  // Released by the broker thread, acquired by the listener: nothing but the flag itself crosses.
  std::atomic<bool> open_{true};
  std::atomic<Time::duration> closed_until_{Time::duration::min()};
  bool installed_ = false;  // before rd_kafka_new(), then fixed
};

}  // namespace braid::adapters
