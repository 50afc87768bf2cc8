#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace braid::faults {

struct DestroyRaw {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
using RawHandle = std::unique_ptr<rd_kafka_t, DestroyRaw>;
using RawList = std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyRaw>;
using RawMessage = std::unique_ptr<rd_kafka_message_t, DestroyRaw>;

// A client of these tests that is not Braid's. Throws std::runtime_error with the reason.
inline RawHandle make_client(rd_kafka_type_t type, const std::string& bootstrap,
                             std::vector<std::pair<std::string, std::string>> settings, void* opaque = nullptr,
                             void (*on_delivery)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr,
                             void (*on_log)(const rd_kafka_t*, int, const char*, const char*) = nullptr) {
  settings.emplace_back("bootstrap.servers", bootstrap);
  settings.emplace_back("log_level", on_log != nullptr ? "7" : "2");  // nodes that tests kill are no news
  settings.emplace_back("reconnect.backoff.max.ms", "500");
  std::array<char, 512> text{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      throw std::runtime_error(text.data());
    }
  }
  if (opaque != nullptr) rd_kafka_conf_set_opaque(conf, opaque);
  if (on_delivery != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  if (on_log != nullptr) rd_kafka_conf_set_log_cb(conf, on_log);
  RawHandle client(rd_kafka_new(type, conf, text.data(), text.size()));
  if (client == nullptr) {
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(text.data());
  }
  return client;
}

}  // namespace braid::faults
