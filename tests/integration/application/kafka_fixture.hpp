#pragma once

#include "integration/kafka/kafka_admin.hpp"
#include "integration/kafka/kafka_cluster.hpp"
#include "mock/application/eventually.hpp"
#include "mock/application/kept_stderr.hpp"
#include "mock/application/recorder.hpp"
#include "mock/application/test_routes.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid::integration {

using namespace std::chrono_literals;
using application_test::eventually;
using application_test::kDeadline;
using application_test::Recorder;
using application_test::route;

// Braid on real Kafka; skipped where there is none. Topics and groups have names of their own, as tests share the
// node. Quiet unless it fails.
class KafkaTest : public ::testing::Test {
 protected:
  application_test::KeptStderr log;
  std::string topic = unique_name("orders");
  std::string group = unique_name("readers");
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();

  void SetUp() override {
    if (const auto reason = KafkaCluster::available()) GTEST_SKIP() << *reason;
  }
  [[nodiscard]] static const std::string& bootstrap() { return shared_cluster().bootstrap(); }
  [[nodiscard]] static Settings settings(const std::string& servers = bootstrap());
  // Sends `count` messages over `keys` keys, payloads counting up per key, and waits for all acknowledgements.
  void produce(int count, int keys = 10, const std::string& servers = bootstrap());
  [[nodiscard]] bool all_seen(std::size_t count) const {
    return eventually([&] { return recorder->distinct() >= count; });
  }

 private:
  std::map<std::string, int> next_payload_;
};

// Sends keyed messages with acks=all and counts what was refused. Thread: any one.
class KeyedProducer {
 public:
  KeyedProducer(const std::string& servers, std::string topic, int keys);
  // Sends the next messages, as many, waiting where the queue is full.
  void send(int count);
  // Waits for all acknowledgements; the number of messages that were not delivered.
  [[nodiscard]] int finish();
  [[nodiscard]] int sent() const { return sent_; }

 private:
  Producer producer_;
  std::string topic_;
  int keys_;
  int sent_ = 0;
  std::shared_ptr<std::atomic<int>> failed_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace braid::integration
