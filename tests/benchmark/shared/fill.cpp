#include "broker.hpp"
#include "raw_handles.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <string>

namespace braid::benchmarks {
namespace {

struct Reports {
  std::uint64_t delivered = 0;
  std::string error;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& reports = *static_cast<Reports*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++reports.delivered;
  } else if (reports.error.empty()) {
    reports.error = rd_kafka_err2str(message->err);
  }
}

}  // namespace

void fill(const std::string& bootstrap, const std::string& topic, const Filling& filling) {
  Reports reports;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", bootstrap);
  set(conf, "acks", "1");
  set(conf, "linger.ms", "50");
  set(conf, "batch.size", "900000");
  set(conf, "batch.num.messages", "100000");
  set(conf, "queue.buffering.max.messages", "1000000");
  set(conf, "compression.codec", "none");
  rd_kafka_conf_set_dr_msg_cb(conf, &on_delivery);
  rd_kafka_conf_set_opaque(conf, &reports);
  const HandlePtr rk = make_handle(RD_KAFKA_PRODUCER, conf);

  std::string payload(filling.payload_bytes, 'x');
  std::array<char, kKeyBytes + 1> key{};
  const auto partitions = static_cast<std::uint64_t>(filling.partitions);
  std::mt19937 random(1);  // the same topic in every run
  for (std::uint64_t i = 0; i < filling.messages; ++i) {
    const auto number = filling.key_of ? filling.key_of(i) : static_cast<std::uint32_t>(random() % filling.keys);
    std::snprintf(key.data(), key.size(), "user-%05u", number % 100'000);
    payload[0] = static_cast<char>('a' + i % 26);
    for (;;) {
      const auto code = rd_kafka_producev(
          rk.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(static_cast<int>(i % partitions)),
          RD_KAFKA_V_KEY(key.data(), kKeyBytes), RD_KAFKA_V_VALUE(payload.data(), payload.size()),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) throw std::runtime_error(rd_kafka_err2str(code));
      rd_kafka_poll(rk.get(), 100);
    }
    if (i % 1000 == 0) rd_kafka_poll(rk.get(), 0);
  }
  rd_kafka_flush(rk.get(), 120'000);
  if (reports.delivered != filling.messages) {
    throw std::runtime_error("of " + std::to_string(filling.messages) + " messages the broker took " +
                             std::to_string(reports.delivered) +
                             (reports.error.empty() ? "" : ": " + reports.error));
  }
}

}  // namespace braid::benchmarks
