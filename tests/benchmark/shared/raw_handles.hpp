#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>

namespace braid::benchmarks {

struct DestroyHandle {
  void operator()(rd_kafka_t* rk) const { rd_kafka_destroy(rk); }
};
struct DestroyQueue {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
using HandlePtr = std::unique_ptr<rd_kafka_t, DestroyHandle>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, DestroyQueue>;

// The functions below throw std::runtime_error with librdkafka's reason.

void set(rd_kafka_conf_t* conf, const std::string& key, const std::string& value);

// What Braid's adapter chooses when nobody says otherwise, said to both sides, so that they can't drift apart. The
// few that it insists on are in consumer_conf().
[[nodiscard]] std::map<std::string, std::string> common_settings();

// A consumer's, with these settings and what Braid's adapter fixes.
[[nodiscard]] rd_kafka_conf_t* consumer_conf(const std::string& bootstrap, const std::string& group,
                                             const std::map<std::string, std::string>& settings);

// Takes the conf.
[[nodiscard]] HandlePtr make_handle(rd_kafka_type_t type, rd_kafka_conf_t* conf);

// Partition 0 from its first offset, without a group.
void assign_from_start(rd_kafka_t* rk, const std::string& topic);

}  // namespace braid::benchmarks
