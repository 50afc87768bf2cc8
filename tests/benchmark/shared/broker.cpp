#include "broker.hpp"

#include "integration/kafka/kafka_admin.hpp"
#include "integration/kafka/kafka_cluster.hpp"

#include <braid/testing/embedded_cluster.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <utility>

namespace braid::benchmarks {
namespace {

class RealKafka : public Broker {
 public:
  explicit RealKafka(std::string bootstrap) : bootstrap_(std::move(bootstrap)) {}
  [[nodiscard]] std::string bootstrap() const override { return bootstrap_; }
  [[nodiscard]] std::string name() const override { return "kafka"; }
  [[nodiscard]] bool real() const override { return true; }
  [[nodiscard]] std::uint64_t capacity(std::uint64_t) const override {
    return std::numeric_limits<std::uint64_t>::max();
  }
  [[nodiscard]] std::map<std::string, std::string> consumer_settings() const override { return {}; }
  void create_topic(const std::string& topic, int partitions) override {
    integration::KafkaAdmin(bootstrap_).create_topic(topic, partitions);
  }
  void delete_topic(const std::string& topic) override { integration::KafkaAdmin(bootstrap_).delete_topic(topic); }

 private:
  std::string bootstrap_;
};

class OwnKafka final : public RealKafka {
 public:
  explicit OwnKafka(integration::KafkaCluster cluster)
      : RealKafka(cluster.bootstrap()), cluster_(std::move(cluster)) {}
  // The folder of the jars is named after the release.
  [[nodiscard]] std::string name() const override {
    const char* libs = std::getenv("BRAID_KAFKA_LIBS");
    const std::string folder = libs == nullptr ? "" : std::filesystem::path(libs).filename().string();
    return folder.starts_with("kafka-") ? folder : "kafka";
  }

 private:
  integration::KafkaCluster cluster_;
};

class Embedded final : public Broker {
 public:
  [[nodiscard]] std::string bootstrap() const override { return cluster_.bootstrap(); }
  [[nodiscard]] std::string name() const override { return "embedded"; }
  [[nodiscard]] std::uint64_t capacity(std::uint64_t bytes_per_message) const override {
    // A record's own fields take up to 20 bytes.
    return testing::EmbeddedCluster::bytes_per_partition_max() / (bytes_per_message + 20);
  }
  [[nodiscard]] std::map<std::string, std::string> consumer_settings() const override {
    return testing::EmbeddedCluster::recommended_consumer_settings();
  }
  [[nodiscard]] bool real() const override { return false; }
  void create_topic(const std::string& topic, int partitions) override {
    const auto created = cluster_.create_topic(topic, partitions);
    if (!created) throw std::runtime_error(created.error().text());
  }
  void delete_topic(const std::string&) override {}  // it can't; what it holds is little

 private:
  testing::EmbeddedCluster cluster_{testing::EmbeddedCluster::Options{.brokers = 1}};
};

}  // namespace

std::unique_ptr<Broker> start_broker(const std::string& bootstrap) {
  if (!bootstrap.empty()) return std::make_unique<RealKafka>(bootstrap);
  if (const auto reason = integration::KafkaCluster::available()) {
    std::cout << *reason << "\non the embedded cluster instead, with what it holds: these figures tell the "
              << "framework's overhead beside a simulated broker, not Kafka's throughput\n";
    return std::make_unique<Embedded>();
  }
  return std::make_unique<OwnKafka>(integration::KafkaCluster::start());
}

}  // namespace braid::benchmarks
