#pragma once

#include "engine/ports/consumer_client.hpp"
#include "simulation/fake_group.hpp"
#include "simulation/fake_log.hpp"
#include "simulation/guarantees.hpp"
#include "simulation/topic_recovery.hpp"
#include "simulation/world.hpp"

#include <braid/filter.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace braid::simulation {

// How many messages of a partition one assignment may have open, and hold.
struct Bounds {
  std::size_t open = 0;
  std::size_t held = 0;
};

// What its topic's route promises, for the guarantees.
struct Promises {
  bool continuous = false;
  bool keys_stay = true;             // a key always meets the same virtual partition
  bool keys_stay_in_flight = false;  // while a message of it is in flight; placed when they are taken
  std::int64_t window = 0;        // of offsets, where messages may wait beside until it has room; 0: they never do
  bool waits_for_commit = false;  // a virtual partition's next job begins behind the commit of the one before
  bool on_demand = false;         // nothing is committed unasked
  bool manual_offsets = false;    // nothing is done but what is marked
  bool external = false;          // its positions are in an offset store
  bool exactly_once = false;      // or in transactions, with what its consumers send
  // The client is told where it begins.
  [[nodiscard]] bool elsewhere() const { return external || exactly_once; }
  std::optional<engine::Duration> tick_every{};
  bool end_of_partition = false;  // its consumers hear of ends
  bool filtered = false;          // a filter stands before its consumers; its messages may wait beside
  FilterStage filter_stage = FilterStage::partition;
  bool steered = false;   // its consumers pause and seek
  bool produces = false;  // a record for each message, which is awaited
  bool tickets = false;   // some jobs are settled later
  std::optional<engine::Duration> ticket_timeout{};
  bool overdue_is_retried = false;  // though what is overdue may be going on
  bool waits_itself = false;        // its consumers wait for commits
  bool at_most_once = false;        // nothing begins before it is committed, and nothing twice
  std::size_t max_messages = 1;
  engine::Duration max_wait{};
  std::optional<std::uint32_t> max_concurrency{};
  TopicRecovery recovery{};
};

// A partition in the broker, and what the group has stored for it.
struct FakePartition {
  int index = 0;
  engine::TopicPartition name;
  FakeLog log;
  Bounds bounds;  // by its topic's route, for the guarantees
  Promises promises{};
  std::weak_ptr<Incarnation> current{};
  std::optional<std::int64_t> stored;     // by the group, or in the offset store
  std::uint64_t epoch = 0;                // of the offset store
  std::string metadata{};                 // with it
  std::set<std::int64_t> effectless{};    // messages that user code has given up
  std::set<std::int64_t> produced_for{};  // messages of which a record has arrived
  std::string older_metadata{};           // with another position, before
  std::int64_t skipped_below = 0;         // a start at the latest offset left these out, as asked for
  std::uint64_t moved_by = 0;  // the incarnation that moved its position the last time, since it was asked to
  int last_process = -1;       // that it was assigned to, and by which connection
  int last_connection = -1;
};

// How nasty the fake Kafka is: of 1,000 times. All of it is what real ones do.
struct Nastiness {
  std::uint32_t partial_take = 0;
  std::uint32_t stale_redelivery = 0;
  std::uint32_t skip_unless_repositioned = 0;
  std::uint32_t commit_fails = 0;
  std::uint32_t commit_answer_lost = 0;
  std::uint32_t read_fails = 0;
  std::uint32_t read_incomplete = 0;
  std::uint32_t metadata_damaged = 0;
  std::uint32_t error = 0;
  std::uint32_t restart_fails = 0;
};

class FakeConsumerClient;
class FakeMessageOwner;

// The broker: topics, partitions, one consumer group, and the network to it. Thread: one.
class FakeKafka {
 public:
  FakeKafka(World& world, FakeGroup::Protocol protocol, engine::Duration rebalance_timeout, std::size_t keys)
      : group(world, protocol, rebalance_timeout), world_(world), keys_(keys) {}

  FakePartition& add_partition(const std::string& topic, std::int32_t number, Bounds bounds, Promises promises);
  [[nodiscard]] FakePartition& partition(int index) { return *partitions_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] FakePartition* find(const engine::TopicPartition& name);
  [[nodiscard]] std::vector<std::unique_ptr<FakePartition>>& partitions() { return partitions_; }
  [[nodiscard]] std::size_t keys() const { return keys_; }
  void begin(Guarantees& guarantees);  // all partitions are there
  [[nodiscard]] Guarantees& guarantees() { return *guarantees_; }
  [[nodiscard]] std::uint64_t next_incarnation() { return ++incarnations_; }

  // Every record that must be processed was, and the group has stored the end: nothing lags.
  [[nodiscard]] bool all_done() const;
  // What is not, in words.
  [[nodiscard]] std::string what_is_open() const;

  Nastiness nastiness;
  engine::Duration drain_on_revoke{};  // of every process: for the guarantees
  std::size_t metadata_bytes = 0;      // likewise
  [[nodiscard]] bool metadata_has_room() const { return metadata_bytes >= 4'000; }
  FakeGroup group;
  // Attached clients; a crashed one detaches.
  std::vector<FakeConsumerClient*> clients;
  // To be called before a guarantee judges what a partition holds: what the engine has ended by itself is noticed
  // so. By process.
  void notice() const {
    for (const auto& [process, each] : notices) each();
  }
  std::map<int, std::function<void()>> notices;
  // What was handed out, by process.
  std::vector<std::pair<int, std::weak_ptr<FakeMessageOwner>>> owners;

 private:
  World& world_;
  std::size_t keys_;
  std::vector<std::unique_ptr<FakePartition>> partitions_;
  Guarantees* guarantees_ = nullptr;
  std::uint64_t incarnations_ = 0;
};

}  // namespace braid::simulation
