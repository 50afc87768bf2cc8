#pragma once

#include "core/listener/commit_schedule.hpp"
#include "engine/instrumentation/counters.hpp"
#include "engine/listener/assigned_partition.hpp"
#include "engine/listener/assigned_partitions.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/ports/log.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid::engine {

// Commits the positions of all partitions of a connection in one call, one call at a time.
// Thread: the listener's.
class Committer {
 public:
  // metadata_bytes: how long the metadata of a position may be; with 0 there is none.
  Committer(ConsumerClient& client, AssignedPartitions& partitions, core::CommitSchedule schedule,
            std::size_t metadata_bytes, Counters& counters, Log& log);

  // Sends if it is time, the gate is open, and a position has moved, or more is done beyond it.
  void turn(Time now);
  // Sends as soon as it can.
  void hurry(Time now) { schedule_.hurry(now); }
  void handle_committed(std::uint64_t token, const Result<void>& outcome, Time now);
  void give_up() { schedule_.give_up(); }
  // How many were sent so far.
  [[nodiscard]] std::uint64_t sent_so_far() const { return last_sent_; }
  // One that was sent after the first `sent` was answered by: the group has moved on. No other will do better.
  [[nodiscard]] bool stale_after(std::uint64_t sent) const { return last_stale_ > sent; }

  // What could be committed of this partition has been, and was acknowledged.
  [[nodiscard]] bool clean(const AssignedPartition& partition) const { return !to_send(partition); }
  [[nodiscard]] std::optional<Time> wakes_at(Time now) const;

 private:
  struct Sent {
    TopicPartition partition;
    Generation generation;
    Acknowledged what;  // if the answer is good
  };

  [[nodiscard]] std::optional<Acknowledged> to_send(const AssignedPartition& partition) const;

  ConsumerClient& client_;
  AssignedPartitions& partitions_;
  core::CommitSchedule schedule_;
  const std::size_t metadata_bytes_;
  Counters& counters_;
  Log& log_;
  std::vector<Sent> sent_;  // the commit in flight
  std::uint64_t last_sent_ = 0;
  std::uint64_t last_stale_ = 0;
};

}  // namespace braid::engine
