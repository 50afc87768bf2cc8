#pragma once

#include "adapters/librdkafka/rdkafka_handles.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/ports/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace braid::adapters {

// Questions to the group's coordinator and their answers: commits, and the stored positions. The answers come on a
// queue of their own, so that they can be served from within a rebalance handler.
//
// Thread: the listener's. Owned by the client; must be destroyed before the rd_kafka_t.
class GroupReplies {
 public:
  GroupReplies(rd_kafka_t* rk, std::string group_id, std::chrono::milliseconds positions_timeout,
               std::size_t metadata_bytes, engine::Log& log);
  ~GroupReplies();

  // From here on answers signal `ready`; nullptr: no longer.
  void signal(engine::ReadySignal* ready);
  void read_positions(std::span<const engine::TopicPartition> partitions, std::uint64_t token);
  void commit(std::span<const engine::StoredPosition> positions, std::uint64_t token);
  void serve(engine::ConsumerEvents& events);

 private:
  // An answer that needs no broker.
  struct Ready {
    std::uint64_t token = 0;
    bool is_commit = false;
    Error error;
    bool failed = false;
  };

  void answer_at_once(Ready ready);
  void serve_event(rd_kafka_event_t& event, engine::ConsumerEvents& events);
  [[nodiscard]] Result<std::vector<engine::StoredPosition>> positions_of(
      rd_kafka_event_t& event, const std::vector<engine::TopicPartition>& asked) const;

  rd_kafka_t* rk_;
  const std::string group_id_;
  const std::chrono::milliseconds positions_timeout_;
  const std::size_t metadata_bytes_;
  engine::Log& log_;
  engine::ReadySignal* ready_ = nullptr;
  QueuePtr queue_;
  std::deque<Ready> at_once_;
  // Questions under way, by token: the answer's order and gaps are the broker's.
  std::map<std::uint64_t, std::vector<engine::TopicPartition>> asked_;
};

// Whether a commit's metadata survives the way to the broker and back: ASCII without NUL, at most so many bytes. A
// broker refuses what is longer, and then librdkafka marks every partition of the request as failed; bytes that are
// not UTF-8 are rewritten in silence.
[[nodiscard]] bool metadata_is_safe(std::string_view metadata, std::size_t most);

}  // namespace braid::adapters
