// What consumers ask of their partition: that it pauses, that it goes on elsewhere.

#include "engine/listener/listener.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::engine {

void Listener::obey(AssignedPartition& partition, Time now) {
  Steering& steering = *partition.steering;
  if (!steering.held()) return;
  const bool runs = partition.stage == AssignedPartition::Stage::running ||
                    partition.stage == AssignedPartition::Stage::waiting_for_jobs;
  // A restart within a rebalance's handler would be taken for its answer; the sweep behind it comes here again.
  if (runs && !in_rebalance_) {
    if (const auto target = steering.take_seek()) seek(partition, *target);
  }
  // Last: what was held belongs to a generation that is over, and is not let go to start.
  steering.look(now);
}

void Listener::seek(AssignedPartition& partition, const StartPoint& target) {
  std::string text = partition.assignment->commit_text().text();
  if (partition.runner) begin_next_generation(partition);
  partition.assignment->commit_text().start_with(std::move(text));
  partition.sent_to.reset();
  partition.stored.reset();
  partition.start = {};
  partition.sought = true;
  partition.start.position = restart(partition, target);
  commit_target(partition);
  begin(partition);
}

// What the client refused, once more.
void Listener::restart_again(AssignedPartition& partition) {
  const auto position = restart(partition, *partition.restart_pending);
  if (partition.restart_pending || partition.stage != AssignedPartition::Stage::waiting_for_jobs) return;
  partition.start.position = position;
  if (partition.sought) commit_target(partition);
}

// At once, since the group would go on where it was if we ended now; and whatever the policy, since it was asked
// for.
void Listener::commit_target(AssignedPartition& partition) {
  partition.commits.emplace(partition.lane->topic->commit, partition.lane->commit_interval, started_at_);
  if (!partition.start.position) return;
  Counters::add(counters_->seeks);
  const CommitPosition target = *partition.start.position;
  log(LogLevel::debug,
      fmt::format("{} / {}: {}/{} goes on at {}: a consumer asked for it", group_->id, subscription_group_->id,
                  partition.name.topic, partition.name.partition.value, target.value));
  partition.commits->request(Offset{target.value - 1});
  partition.lane->committer->look(partition);
}

}  // namespace braid::engine
