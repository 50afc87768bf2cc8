#pragma once

#include "core/offsets/partition_offsets.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/listener/partition_runner.hpp"
#include "engine/ports/clock.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/worker/assignment.hpp"

#include <braid/offset.hpp>
#include <braid/routing/routes.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace braid::engine {

// What a listener needs to know of a topic it subscribes to.
struct TopicLane {
  const routing::Topic* topic = nullptr;
  std::uint32_t max_partitions = 1;
  TopicSplit split;
  JobCaps caps;
};

// What the group has stored of a partition.
struct Acknowledged {
  CommitPosition position;
  std::uint64_t revision = 0;  // of the runner, when it told the metadata that went with it
  friend constexpr bool operator==(Acknowledged, Acknowledged) = default;
};

// A partition that is assigned to a connection. Thread: its listener's.
struct AssignedPartition {
  enum class Stage : std::uint8_t {
    reading_position,  // asked for, or about to be asked for, what the group has stored
    waiting_for_jobs,  // of an earlier generation, which must have returned before anything starts
    running,
    ending,
  };

  TopicPartition name;
  TopicLane* lane = nullptr;
  Stage stage = Stage::reading_position;
  std::shared_ptr<Assignment> assignment;
  std::unique_ptr<PartitionQueue> queue;
  std::unique_ptr<PartitionRunner> runner;  // from the position on
  ReadyFlag* ready = nullptr;

  std::optional<Time> ask_position_at;        // reading_position: nothing while an answer is awaited
  std::uint64_t position_token = 0;           // of the question under way
  core::PartitionOffsets::Start start;        // where it starts, and what was done before; the runner's, then
  std::optional<StartPoint> restart_pending;  // the client has refused it so far
  std::optional<CommitPosition> sent_to;      // by start_again(), the last time
  std::optional<Acknowledged> acknowledged;   // as far as we know
  std::optional<Time> timer;                  // as entered in the listener's timers
};

}  // namespace braid::engine
