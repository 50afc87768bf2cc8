#pragma once

#include <braid/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid::testing {

// Kafka's requests, by their protocol numbers, for fail_next().
enum class Api : std::int16_t {
  produce = 0,
  fetch = 1,
  list_offsets = 2,
  metadata = 3,
  offset_commit = 8,
  offset_fetch = 9,
  find_coordinator = 10,
  join_group = 11,
  heartbeat = 12,
  leave_group = 13,
  sync_group = 14,
  init_producer_id = 22,
  txn_offset_commit = 28,
};

// What a broker answers, by Kafka's protocol numbers; any other number can be cast to it.
enum class BrokerError : std::int16_t {
  disconnect = -195,  // no answer: the connection is closed
  none = 0,
  offset_out_of_range = 1,
  unknown_topic = 3,
  leader_not_available = 5,
  not_leader = 6,
  request_timed_out = 7,
  message_too_large = 10,
  offset_metadata_too_large = 12,
  coordinator_loading = 14,
  coordinator_not_available = 15,
  not_coordinator = 16,
  illegal_generation = 22,
  unknown_member = 25,
  rebalance_in_progress = 27,
  topic_not_authorized = 29,
  group_not_authorized = 30,
  fenced_instance = 82,  // another member has the same group.instance.id; ends the client that hears it
};

// A Kafka cluster inside this process, on loopback: librdkafka's mock brokers. For tests and demonstrations; other
// processes can use it too, by bootstrap().
//
// It has produce, fetch, consumer groups by the classic protocol, committed offsets with metadata, and injected
// failures. It has not: CreateTopics and all other admin requests (see create_topic), KIP-848 and transactions
// worth the name. Everything is in memory. A group's first member waits 3 s for others, unless librdkafka is 2.6 or
// later, and each later rebalance takes the session timeout less one second. A topic that a client asks for is
// made on the spot with 4 partitions, even where the client forbids it (seen with librdkafka 2.0.2).
//
// **A partition keeps only its last 5 MiB or 100,000 batches; what is older vanishes in silence.** Whoever produces
// asks check_fits() first, or keeps a CapacityGuard.
//
// Thread: any, but destruction last.
class EmbeddedCluster {
 public:
  struct Topic {
    std::string name{};
    int partitions = 1;
    int replication = 1;
  };
  struct Options {
    int brokers = 3;  // their ids are 1 and up
    std::vector<Topic> topics{};
    // A group's wait for further first members. Ignored by librdkafka before 2.6, where it is always 3 s.
    std::chrono::milliseconds join_delay{100};
  };

  // Three brokers, no topic.
  EmbeddedCluster();
  // Throws std::runtime_error where the brokers can't be started or a topic can't be made.
  explicit EmbeddedCluster(const Options& options);
  EmbeddedCluster(const EmbeddedCluster&) = delete;
  EmbeddedCluster& operator=(const EmbeddedCluster&) = delete;
  ~EmbeddedCluster();

  // For bootstrap.servers: "127.0.0.1:port,...".
  [[nodiscard]] std::string bootstrap() const;
  [[nodiscard]] int brokers() const;
  // An error where it exists already, or a number is out of range.
  Result<void> create_topic(const std::string& name, int partitions, int replication = 1);

  // --- failures

  static constexpr int kAllBrokers = -1;
  // The next requests of this kind, at whichever broker, are answered by these errors, one each. librdkafka retries
  // most retriable ones itself.
  void fail_next(Api api, const std::vector<BrokerError>& errors);
  // Takes back what fail_next() has left.
  void clear_failures(Api api);
  // Closes the broker's connections and accepts none. Leaders stay where they are: see set_leader().
  void broker_down(int broker);
  void broker_up(int broker);
  // Each answer of the broker is delayed by this. 0: none.
  void set_latency(int broker, std::chrono::milliseconds latency);
  void set_leader(const std::string& topic, int partition, int broker);
  // What metadata says of a topic from now on; BrokerError::unknown_topic hides it, none shows it again. A topic
  // that does not exist is made.
  void set_topic_error(const std::string& topic, BrokerError error);

  // The brokers know no version of this request above `version`, as older ones; -1: they do not know it at all.
  // For clients that connect from now on.
  void set_newest_version(Api api, int version);

  // --- limits

  [[nodiscard]] static constexpr std::size_t bytes_per_partition_max() { return std::size_t{5} << 20; }
  [[nodiscard]] static constexpr std::size_t batches_per_partition_max() { return 100'000; }
  // Whether a partition holds that much at once, counted as on the wire, compressed if the producer compresses. The
  // error says the limit and what to do.
  static Result<void> check_fits(std::size_t bytes_per_partition);
  // The same for so many messages of so many bytes (key, payload and headers), in the worst case: each is a batch.
  static Result<void> check_fits(std::size_t messages_per_partition, std::size_t bytes_per_message);

  // Consumer settings that suit these brokers: a waiting fetch is not woken by a produce, so the wait is short; the
  // session is as short as the brokers can do with, since rebalances take that long; broken connections come back
  // soon.
  [[nodiscard]] static std::map<std::string, std::string> recommended_consumer_settings();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid::testing
