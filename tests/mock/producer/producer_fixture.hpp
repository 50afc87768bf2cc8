#pragma once

#include <braid/producer.hpp>
#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace braid::application_test {

using testing::EmbeddedCluster;

inline Record record(std::string_view topic, std::string_view payload) {
  Record made;
  made.topic = topic;
  made.payload = payload;
  return made;
}

class ProducerTest : public ::testing::Test {
 protected:
  EmbeddedCluster cluster{{.brokers = 1, .topics = {}}};

  void make_topic(const std::string& name, int partitions = 1) {
    ASSERT_TRUE(cluster.create_topic(name, partitions).ok());
  }
  [[nodiscard]] ProducerSettings producer_settings() const {
    ProducerSettings settings;
    settings.kafka = {{"bootstrap.servers", cluster.bootstrap()}, {"linger.ms", "1"}};
    settings.log_level = LogLevel::off;
    return settings;
  }
};

}  // namespace braid::application_test
