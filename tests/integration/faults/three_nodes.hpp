#pragma once

#include "integration/faults/proxy.hpp"
#include "integration/kafka/kafka_admin.hpp"
#include "integration/kafka/kafka_cluster.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace braid::faults {

// The three nodes that all fault tests of this program share, and the network in front of them. Every test leaves
// them whole, or the next one makes them whole.
// Thread: the test's; kill, stop and restart of `cluster` may be another's, one at a time.
class ThreeNodes {
 public:
  static constexpr int kNodes = 3;

  // Started at the first call, ended with the program. Throws std::runtime_error.
  static ThreeNodes& get();

  [[nodiscard]] const std::string& bootstrap() const { return cluster.bootstrap(); }
  // The same through the proxy.
  [[nodiscard]] std::string proxied_bootstrap() const;

  // All nodes run, the network passes, and every copy of the topics is in step with its leader.
  void make_whole();
  // Waits until every copy is in step; false when that takes more than 60 s.
  [[nodiscard]] bool in_step(const std::vector<std::string>& topics);

  // Node numbers.
  [[nodiscard]] int coordinator_of(const std::string& group);
  [[nodiscard]] int controller();
  // Of a topic's partitions.
  [[nodiscard]] std::vector<int> leaders(const std::string& topic);
  // Makes another node the leader of every partition, and returns when it is.
  void move_leaders(const std::string& topic);

  Proxy proxy{kNodes};
  integration::KafkaCluster cluster;
  integration::KafkaAdmin admin;

 private:
  ThreeNodes();
};

}  // namespace braid::faults
