#pragma once

#include "engine/ports/transactional_client.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace braid::adapters {

// What librdkafka takes along with a record of a transaction: its token, and where its partition wraps, that.
struct SendMark {
  std::uint32_t token = 0;
  std::uint32_t wraps_to = 0;  // the partition, and 1; 0: it does not wrap
  [[nodiscard]] void* as_opaque() const;
  [[nodiscard]] static SendMark of(const void* opaque);
};

// Gathers which records of a transaction were refused for good, as soon as they are, and whoever asks for reports.
// Thread: any. Must outlive the client that it is installed in.
class RefusedSends {
 public:
  // Before rd_kafka_new(). Should that fail, the configuration is to be left behind: see leave_behind().
  void install(rd_kafka_conf_t& conf);
  void clear();
  // Each token once. Nothing, unless `code` says that another try would fail too.
  void note(std::uint32_t token, rd_kafka_resp_err_t code, const char* topic, bool by_broker);
  // Of the transaction as a whole, unless it is known of which record.
  void note_some(Error error);
  [[nodiscard]] std::vector<engine::RefusedSend> all();

 private:
  static rd_kafka_resp_err_t on_new(rd_kafka_t* rk, const rd_kafka_conf_t* conf, void* opaque, char* text,
                                    std::size_t size);
  // On a thread of the client library's.
  static rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t* rk, rd_kafka_message_t* message, void* opaque) noexcept;

  std::mutex mutex_;
  std::map<std::uint32_t, engine::RefusedSend> refused_;  // by token
};

}  // namespace braid::adapters
