#pragma once

#include "mock/application/eventually.hpp"
#include "mock/application/kept_stderr.hpp"
#include "mock/application/recorder.hpp"
#include "mock/application/test_routes.hpp"

#include <braid/braid.hpp>
#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace braid::application_test {

using testing::EmbeddedCluster;

// An embedded cluster of one broker, and an application's surroundings. Quiet unless it fails.
class ApplicationTest : public ::testing::Test {
 protected:
  KeptStderr log;  // first, so that it sees all that the others say
  EmbeddedCluster cluster{{.brokers = 1, .topics = {}}};
  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();

  void make_topic(const std::string& name, int partitions = 1);
  [[nodiscard]] Settings settings() const;

  // Sends `count` messages over `keys` keys, each key's payloads counting from where the last call for this topic
  // left off, and waits until all are acknowledged. By the key's hash, or all to one partition.
  void produce(const std::string& topic, int count, int keys = 10, std::optional<int> partition = {});
  // One record as it is.
  void send(const Record& record);
  // Where each partition ends, by what was produced.
  [[nodiscard]] std::vector<std::int64_t> ends(const std::string& topic, int partitions) const;
  // What the group has committed; -1: nothing.
  [[nodiscard]] std::vector<std::int64_t> committed(const std::string& group, const std::string& topic,
                                                    int partitions) const;
  void commit(const std::string& group, const std::string& topic, int partition, std::int64_t position);

  [[nodiscard]] bool all_seen(std::size_t count) const {
    return eventually([&] { return recorder->distinct() >= count; });
  }

 private:
  Producer& producer();

  std::optional<Producer> producer_;
  std::map<std::string, std::map<std::string, int>> next_payload_;
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> ends_;
};

}  // namespace braid::application_test
