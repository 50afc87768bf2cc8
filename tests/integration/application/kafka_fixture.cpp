#include "integration/application/kafka_fixture.hpp"

#include <stdexcept>
#include <thread>

namespace braid::integration {
namespace {

ProducerSettings producer_settings(const std::string& servers) {
  ProducerSettings settings;
  settings.kafka = {{"bootstrap.servers", servers}, {"linger.ms", "1"}, {"reconnect.backoff.max.ms", "500"}};
  settings.log_level = LogLevel::error;
  return settings;
}

}  // namespace

Settings KafkaTest::settings(const std::string& servers) {
  return application_test::test_settings(servers, {{"session.timeout.ms", "6000"},
                                                   {"heartbeat.interval.ms", "500"},
                                                   {"fetch.wait.max.ms", "50"},
                                                   {"reconnect.backoff.max.ms", "500"},
                                                   {"topic.metadata.refresh.interval.ms", "1000"}});
}

void KafkaTest::produce(int count, int keys, const std::string& servers) {
  Producer producer(producer_settings(servers));
  std::atomic<int> failed{0};
  for (int i = 0; i < count; ++i) {
    const std::string key = "k" + std::to_string(i % keys);
    const std::string payload = std::to_string(next_payload_[key]++);
    const auto sent =
        producer.produce({.topic = topic, .key = key, .payload = payload, .partition = {}, .headers = {}},
                         [&](const Delivery& delivery) { failed += delivery.ok() ? 0 : 1; });
    ASSERT_TRUE(sent.ok()) << sent.error().text();
  }
  const auto flushed = producer.flush(kDeadline);
  ASSERT_TRUE(flushed.ok()) << flushed.error().text();
  ASSERT_EQ(failed, 0);
}

KeyedProducer::KeyedProducer(const std::string& servers, std::string topic, int keys)
    : producer_(producer_settings(servers)), topic_(std::move(topic)), keys_(keys) {}

void KeyedProducer::send(int count) {
  for (int i = 0; i < count; ++i, ++sent_) {
    const std::string key = "k" + std::to_string(sent_ % keys_);
    const std::string payload = std::to_string(sent_ / keys_);
    std::string reason;
    const bool taken = eventually([&] {
      const auto sent =
          producer_.produce({.topic = topic_, .key = key, .payload = payload, .partition = {}, .headers = {}},
                            [failed = failed_](const Delivery& delivery) { *failed += delivery.ok() ? 0 : 1; });
      if (!sent.ok()) reason = sent.error().text();
      return sent.ok();
    });
    if (!taken) throw std::runtime_error("producing: " + reason);
  }
}

int KeyedProducer::finish() {
  const auto flushed = producer_.flush(60s);
  if (!flushed.ok()) throw std::runtime_error("producing: " + flushed.error().text());
  return *failed_;
}

}  // namespace braid::integration
