#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid::integration {

// What tests ask of a Kafka cluster besides producing and consuming. Uses librdkafka's admin calls, so no JVM
// starts.
//
// Every function retries what a starting or failing-over cluster answers, for at most 30 s, and then throws
// std::runtime_error with Kafka's reason.
//
// Thread: any; calls may overlap.
class KafkaAdmin {
 public:
  explicit KafkaAdmin(const std::string& bootstrap);
  ~KafkaAdmin();

  // Returns when every partition has a leader. `config` holds topic settings such as {"cleanup.policy", "compact"}.
  // Throws when the topic exists.
  void create_topic(const std::string& name, int partitions = 1, int replication = 1,
                    const std::map<std::string, std::string>& config = {});

  // Returns when the cluster has taken the order; the data goes a little later.
  void delete_topic(const std::string& name);

  // 0 when the topic does not exist.
  int partitions(const std::string& topic);

  // The offset after the last message (control records included), by partition.
  std::vector<std::int64_t> end_offsets(const std::string& topic);

  // The committed position, by partition; -1 where the group has none.
  std::vector<std::int64_t> committed(const std::string& group, const std::string& topic);

  // The metadata committed with those positions, by partition; empty where there is none.
  std::vector<std::string> committed_metadata(const std::string& group, const std::string& topic);

 private:
  class Client;
  std::unique_ptr<Client> client_;
};

}  // namespace braid::integration
