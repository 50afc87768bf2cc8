#include "parts.hpp"

#include "benchmark/shared/raw_handles.hpp"
#include "benchmark/shared/stopwatch.hpp"

#include <braid/producer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::benchmarks {
namespace {

using std::chrono::steady_clock;

constexpr int kPatienceMs = 120'000;
// A loop that looks for reports at each record pays for that; one that never does fills its queue.
constexpr std::uint64_t kPollEach = 1000;

struct DestroyTopic {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};

// What a record's opaque pointer is: each delivery is known to its sender, as it is with Braid's callback.
struct Reports {
  std::uint64_t delivered = 0;
  std::string error;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& reports = *static_cast<Reports*>(message->_private);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++reports.delivered;
  } else if (reports.error.empty()) {
    reports.error = rd_kafka_err2str(message->err);
  }
}

void check(std::uint64_t delivered, std::uint64_t records, const std::string& error) {
  if (delivered == records) return;
  throw std::runtime_error("of " + std::to_string(records) + " records the broker took " +
                           std::to_string(delivered) + (error.empty() ? "" : ": " + error));
}

class RawProducer {
 public:
  explicit RawProducer(const ProduceRequest& request) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", request.bootstrap);
    for (const auto& [key, value] : request.settings) set(conf, key, value);
    rd_kafka_conf_set_dr_msg_cb(conf, &on_delivery);
    rk_ = make_handle(RD_KAFKA_PRODUCER, conf);
    topic_.reset(rd_kafka_topic_new(rk_.get(), request.topic.c_str(), nullptr));
  }
  void produce(const std::string& payload, Reports& reports) {
    while (rd_kafka_produce(topic_.get(), 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>(payload.data()), payload.size(),
                            nullptr, 0, &reports) != 0) {
      const auto code = rd_kafka_last_error();
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) throw std::runtime_error(rd_kafka_err2str(code));
      rd_kafka_poll(rk_.get(), 10);
    }
  }
  void poll(int timeout_ms) { rd_kafka_poll(rk_.get(), timeout_ms); }
  void flush() { rd_kafka_flush(rk_.get(), kPatienceMs); }

 private:
  HandlePtr rk_;
  std::unique_ptr<rd_kafka_topic_t, DestroyTopic> topic_;
};

class BraidProducer {
 public:
  explicit BraidProducer(const ProduceRequest& request) : topic_(request.topic), producer_(settings_of(request)) {}
  void produce(const std::string& payload, Reports& reports) {
    const auto sent = producer_.produce(record(payload), [&reports](const Delivery& delivery) {
      if (delivery.ok()) {
        ++reports.delivered;
      } else if (reports.error.empty()) {
        reports.error = delivery.error->text();
      }
    });
    if (!sent) throw std::runtime_error(sent.error().text());
  }
  void produce_sync(const std::string& payload, Reports& reports) {
    const auto delivered = producer_.produce_sync(record(payload), std::chrono::milliseconds(kPatienceMs));
    if (!delivered) throw std::runtime_error(delivered.error().text());
    ++reports.delivered;
  }
  void flush() {
    const auto flushed = producer_.flush(std::chrono::milliseconds(kPatienceMs));
    if (!flushed) throw std::runtime_error(flushed.error().text());
  }

 private:
  static ProducerSettings settings_of(const ProduceRequest& request) {
    ProducerSettings settings;
    settings.kafka.insert(request.settings.begin(), request.settings.end());
    settings.kafka["bootstrap.servers"] = request.bootstrap;
    settings.max_wait_for_room = std::chrono::milliseconds(kPatienceMs);
    return settings;
  }
  [[nodiscard]] Record record(const std::string& payload) const {
    Record made;
    made.topic = topic_;
    made.payload = payload;
    made.partition = PartitionNumber{0};
    return made;
  }

  const std::string topic_;
  Producer producer_;
};

void warm_up(RawProducer& producer, const std::string& payload, Reports& reports) {
  producer.produce(payload, reports);
  producer.flush();
}
void warm_up(BraidProducer& producer, const std::string& payload, Reports& reports) {
  producer.produce(payload, reports);
  producer.flush();
}

template <class Side>
ProduceResult measure_async(const ProduceRequest& request, const std::function<void(Side&)>& look) {
  Side producer(request);
  Reports reports;
  const std::string payload(request.payload_bytes, 'x');
  warm_up(producer, payload, reports);
  Stopwatch watch;
  watch.begin();
  for (std::uint64_t i = 0; i < request.records; ++i) {
    producer.produce(payload, reports);
    if (look && i % kPollEach == 0) look(producer);
  }
  producer.flush();
  watch.end();
  check(reports.delivered, request.records + 1, reports.error);
  return {.seconds = watch.seconds(), .cpu_seconds = watch.cpu_seconds()};
}

template <class Side>
ProduceResult measure_sync(const ProduceRequest& request,
                           const std::function<void(Side&, const std::string&, Reports&)>& produce_and_wait) {
  Side producer(request);
  Reports reports;
  const std::string payload(request.payload_bytes, 'x');
  warm_up(producer, payload, reports);
  for (int i = 0; i < 200; ++i) produce_and_wait(producer, payload, reports);
  reports.delivered = 0;
  std::vector<double> times;
  times.reserve(request.records);
  Stopwatch watch;
  watch.begin();
  for (std::uint64_t i = 0; i < request.records; ++i) {
    const auto began = steady_clock::now();
    produce_and_wait(producer, payload, reports);
    times.push_back(std::chrono::duration<double, std::micro>(steady_clock::now() - began).count());
  }
  watch.end();
  check(reports.delivered, request.records, reports.error);
  std::ranges::sort(times);
  return {.seconds = watch.seconds(),
          .cpu_seconds = watch.cpu_seconds(),
          .p50_us = times[times.size() / 2],
          .p99_us = times[times.size() * 99 / 100]};
}

}  // namespace

ProduceResult measure(const ProduceRequest& request) {
  if (!request.sync) {
    return request.braid ? measure_async<BraidProducer>(request, {})
                         : measure_async<RawProducer>(request, [](RawProducer& producer) { producer.poll(0); });
  }
  if (request.braid) {
    return measure_sync<BraidProducer>(request, [](BraidProducer& producer, const auto& payload, Reports& reports) {
      producer.produce_sync(payload, reports);
    });
  }
  return measure_sync<RawProducer>(request, [](RawProducer& producer, const auto& payload, Reports& reports) {
    const std::uint64_t before = reports.delivered;
    producer.produce(payload, reports);
    while (reports.delivered == before && reports.error.empty()) producer.poll(100);
  });
}

}  // namespace braid::benchmarks
