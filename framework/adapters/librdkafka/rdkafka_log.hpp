#pragma once

#include "adapters/librdkafka/connect_trouble.hpp"
#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "engine/ports/log.hpp"

#include <braid/routing/routes.hpp>

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace braid::adapters {

// Carries librdkafka's log lines to the framework's log, area "kafka". They go through a queue of its own, so that
// no thread of librdkafka ever waits for our log's output; a line that says what one said within the last
// 30 s, but for numbers, is counted instead of written.
//
// Thread: the one that serves the client. Must be destroyed before the rd_kafka_t.
class RdkafkaLog {
 public:
  explicit RdkafkaLog(engine::Log& log) : log_(log) {}

  // Before rd_kafka_new().
  static void prepare(rd_kafka_conf_t& conf);
  // After rd_kafka_new(). `secrets` are struck out of every line.
  void attach(rd_kafka_t* rk, routing::KafkaSettings secrets);
  // From here on lines about brokers that can't be reached are noted there, and written at level debug only, since
  // an error will say the same once; nullptr: no more of that.
  void tell(ConnectTrouble* trouble) { trouble_ = trouble; }
  // Writes what has come in. Never waits.
  void drain();

  // Exposed for its test: true if the line is to be written; `repeats` is how many like it were held back before.
  [[nodiscard]] bool admit(std::string_view facility, std::string_view text,
                           std::chrono::steady_clock::time_point now, unsigned& repeats);

 private:
  struct Seen {
    std::chrono::steady_clock::time_point written;
    unsigned held_back = 0;
  };

  engine::Log& log_;
  QueuePtr queue_;
  routing::KafkaSettings secrets_;
  ConnectTrouble* trouble_ = nullptr;
  std::map<std::string, Seen, std::less<>> seen_;  // at most kKindsMax
};

}  // namespace braid::adapters
