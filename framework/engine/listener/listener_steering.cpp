// What consumers ask of their partition: that it pauses, that it goes on elsewhere.

#include "engine/listener/listener.hpp"

#include <fmt/format.h>

#include <utility>

namespace braid::engine {

namespace {

bool may_be_sent_elsewhere(const AssignedPartition& partition) {
  return partition.stage == AssignedPartition::Stage::running ||
         partition.stage == AssignedPartition::Stage::waiting_for_jobs;
}

}  // namespace

void Listener::obey(AssignedPartition& partition, Time now) {
  Steering& steering = *partition.steering;
  if (!steering.held()) return;
  steering.look(now);
  // Not here: what called us may be a rebalance's handler, or have come long after the group was served.
  if (!steering.wants_seek() || seeks_wait_) return;
  seeks_wait_ = true;
  mailbox_->wake();
}

void Listener::seek_where_asked() {
  if (stage_ != Stage::running) return;
  for (const auto& [name, partition] : partitions_) {
    if (!may_be_sent_elsewhere(*partition) || !partition->steering->wants_seek()) continue;
    if (!has_committed(*partition)) continue;  // asked again with its acknowledgement
    const auto target = partition->steering->take_seek();
    if (!target) continue;
    seek(*partition, *target);
    // Behind it: what was held belongs to a generation that is over, and is not let go to start.
    pump(*partition);
  }
}

// Exactly once: what batches did before the seek takes effect, or they would have run for nothing. The one in hand,
// if there is one, is given up, and with it its transaction.
bool Listener::has_committed(AssignedPartition& partition) {
  if (!partition.assignment->transaction() || !partition.commits) return true;
  if (partition.commits->in_flight()) return false;
  Committer& committer = *partition.lane->committer;
  if (!partition.runner || committer.clean(partition)) return true;
  partition.commits->hurry();
  committer.look(partition);
  return false;
}

void Listener::seek(AssignedPartition& partition, const StartPoint& target) {
  std::string text = partition.assignment->commit_text().text();
  partition.refused = {};  // whoever seeks begins anew
  if (partition.runner) {
    begin_next_generation(partition);
  } else if (partition.assignment->transaction()) {
    begin_generation(partition);  // with a transaction of its own
  }
  partition.assignment->commit_text().start_with(std::move(text));
  partition.sent_to.reset();
  partition.stored.reset();
  partition.start = {};
  partition.sought = true;
  partition.start.position = restart(partition, target);
  commit_target(partition);
  begin(partition);
}

// What the client refused, once more: one partition each time, in turn, since each may take the time of an answer.
void Listener::restart_one_again() {
  if (stage_ != Stage::running) return;
  AssignedPartition* next = nullptr;
  for (const auto& [name, partition] : partitions_) {
    if (!partition->restart_pending || !may_be_sent_elsewhere(*partition)) continue;
    const bool behind_the_last = !last_restarted_ || *last_restarted_ < name;
    if (next == nullptr || behind_the_last) next = partition.get();
    if (behind_the_last) break;
  }
  if (next == nullptr) return;
  last_restarted_ = next->name;
  const auto position = restart(*next, *next->restart_pending);
  if (next->restart_pending || next->stage != AssignedPartition::Stage::waiting_for_jobs) return;
  next->start.position = position;
  if (next->sought) commit_target(*next);
}

// At once, since the group would go on where it was if we ended now; and whatever the policy, since it was asked
// for.
void Listener::commit_target(AssignedPartition& partition) {
  begin_commits(partition);
  if (!partition.start.position) return;
  Counters::add(counters_->seeks);
  const CommitPosition target = *partition.start.position;
  partition.target = target;
  log(LogLevel::debug,
      fmt::format("{} / {}: {}/{} goes on at {}: a consumer asked for it", group_->id, subscription_group_->id,
                  partition.name.topic, partition.name.partition.value, target.value));
  partition.commits->request(Offset{target.value - 1});
  partition.lane->committer->look(partition);
}

}  // namespace braid::engine
