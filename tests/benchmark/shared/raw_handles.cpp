#include "raw_handles.hpp"

#include <array>
#include <stdexcept>

namespace braid::benchmarks {

void set(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  std::array<char, 512> reason{};
  if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
    throw std::runtime_error(reason.data());
  }
}

std::map<std::string, std::string> common_settings() {
  return {
      {"allow.auto.create.topics", "false"},   {"topic.metadata.refresh.interval.ms", "10000"},
      {"socket.nagle.disable", "true"},        {"queued.min.messages", "1000000"},
      {"queued.max.messages.kbytes", "16384"},
  };
}

rd_kafka_conf_t* consumer_conf(const std::string& bootstrap, const std::string& group,
                               const std::map<std::string, std::string>& settings) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", bootstrap);
  set(conf, "group.id", group);
  set(conf, "log_level", "3");  // errors
  set(conf, "enable.auto.commit", "false");
  set(conf, "enable.auto.offset.store", "false");
  set(conf, "auto.offset.reset", "error");
  set(conf, "enable.partition.eof", "true");
  for (const auto& [key, value] : settings) set(conf, key, value);
  // As Braid does where librdkafka knows it; before, both wake the fetcher themselves.
  rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "1", nullptr, 0);
  return conf;
}

HandlePtr make_handle(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  std::array<char, 512> reason{};
  HandlePtr rk(rd_kafka_new(type, conf, reason.data(), reason.size()));
  if (!rk) throw std::runtime_error(reason.data());
  return rk;
}

void assign_from_start(rd_kafka_t* rk, const std::string& topic) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = 0;
  const auto code = rd_kafka_assign(rk, list);
  rd_kafka_topic_partition_list_destroy(list);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(code));
}

}  // namespace braid::benchmarks
