#pragma once

#include "core/lag/partition_lag.hpp"
#include "core/listener/partition_commits.hpp"
#include "core/listener/repeated_trouble.hpp"
#include "core/listener/stall_watch.hpp"
#include "core/offsets/partition_offsets.hpp"
#include "core/recovery/refused_messages.hpp"
#include "engine/listener/commit_requests.hpp"
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
#include <string>
#include <vector>

namespace braid::engine {

class Committer;

// What a listener needs to know of a topic it subscribes to.
struct TopicLane {
  const routing::Topic* topic = nullptr;
  std::uint32_t max_partitions = 1;
  TopicSplit split;
  JobCaps caps;
  PositionStore* store = nullptr;  // where its positions are kept
  Committer* committer = nullptr;  // to that store
  Duration commit_interval{};
  std::optional<core::PartitionCommits::Transactions> transactions;  // exactly once
  Duration max_processing_time{};
  Duration stalled_after{};  // 0: never
  std::shared_ptr<TopicBalance> balance;
};

// A partition that is assigned to a connection. Thread: its listener's.
struct AssignedPartition {
  enum class Stage : std::uint8_t {
    reading_position,  // asked for, or about to be asked for, what the group has stored
    waiting_for_jobs,  // of an earlier generation, which must have returned before anything starts; or for the
                       // client, which has refused to start it so far
    running,
    ending,
  };

  TopicPartition name;
  TopicLane* lane = nullptr;
  Stage stage = Stage::reading_position;
  std::shared_ptr<Assignment> assignment;
  std::unique_ptr<PartitionQueue> queue;
  std::unique_ptr<PartitionRunner> runner;        // from the position on
  std::optional<core::PartitionCommits> commits;  // the runner's; longer than it
  // Of earlier generations, until all that they started has returned: their tickets may be overdue.
  std::vector<std::unique_ptr<PartitionRunner>> former_runners;
  CommitRequests requests;
  std::shared_ptr<Steering> steering;  // of consumers
  core::StallWatch stall;
  core::TakenWatch taken;          // of this generation
  bool last_commit_asked = false;  // it is quiet, and nothing of it is left to do
  bool released = false;           // a commit was acknowledged that its runner waited for
  ReadyFlag* ready = nullptr;

  // Jobs of the partition may be ours. Else what there is of them is an earlier owner's.
  [[nodiscard]] bool has_started() const { return runner != nullptr || !former_runners.empty(); }

  std::optional<std::string> begins_anew;     // where its positions are stored, and why; behind the rebalance
  bool begins_at_once = false;                // then, or behind a pause where that goes on
  std::optional<Time> ask_position_at;        // reading_position: nothing while an answer is awaited
  std::uint64_t position_token = 0;           // of the question under way
  core::PartitionOffsets::Start start;        // where it starts, and what was done before; the runner's, then
  std::optional<StartPoint> restart_pending;  // the client has refused it so far
  std::optional<CommitPosition> sent_to;      // by start_again(), the last time
  bool sought = false;  // a consumer has sent it to where it starts, which the group is told before it runs
  std::optional<CommitPosition> target;  // there, of this generation
  // Its transaction failed when it had begun there, the last time; and whether that goes on.
  std::optional<CommitPosition> failed_from;
  core::RepeatedTrouble failures;
  core::RefusedMessages refused;         // what its transactions have failed by
  std::optional<CommitPosition> stored;  // when it started; from then on `commits` knows
  std::optional<Time> timer;             // as entered in the listener's timers
};

}  // namespace braid::engine
