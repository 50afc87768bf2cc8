// What a listener tells operators as values, and what they tell it to do with partitions.

#include "core/lag/partition_lag.hpp"
#include "engine/listener/listener.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace braid::engine {

namespace {

using std::chrono::milliseconds;

// Of one partition; the others are counted.
constexpr std::size_t kMostWork = 256;

milliseconds rounded(Duration duration) {
  return std::max(std::chrono::duration_cast<milliseconds>(duration), milliseconds(0));
}

template <class Strong>
std::optional<std::int64_t> number_of(const std::optional<Strong>& strong) {
  if (!strong) return std::nullopt;
  return strong->value;
}

WorkState state_of(WorkSight::State state) {
  switch (state) {
    case WorkSight::State::running:
      return WorkState::running;
    case WorkSight::State::ticket:
      return WorkState::ticket;
    case WorkSight::State::letters:
      return WorkState::letters;
    case WorkSight::State::retry:
      return WorkState::retry;
    case WorkSight::State::queued:
      return WorkState::queued;
    case WorkSight::State::hook:
      return WorkState::hook;
    case WorkSight::State::farewell:
      break;
  }
  return WorkState::farewell;
}

PartitionStage stage_of(AssignedPartition::Stage stage) {
  switch (stage) {
    case AssignedPartition::Stage::reading_position:
      return PartitionStage::reading_position;
    case AssignedPartition::Stage::waiting_for_jobs:
      return PartitionStage::waiting_for_jobs;
    case AssignedPartition::Stage::running:
      return PartitionStage::running;
    case AssignedPartition::Stage::ending:
      break;
  }
  return PartitionStage::ending;
}

WorkSnapshot snapshot_of(const WorkSight& work, Time now) {
  WorkSnapshot snapshot{.virtual_partition = work.index,
                        .state = state_of(work.state),
                        .messages = work.messages,
                        .first_offset = work.first.value,
                        .last_offset = work.last.value,
                        .key = work.key,
                        .thread = work.thread};
  if (work.since) snapshot.running_for = rounded(now - *work.since);
  if (work.until) snapshot.retry_in = rounded(*work.until - now);
  return snapshot;
}

// What runs comes first where not all have room, then what waits longest behind it.
void keep_the_most_telling(PartitionSnapshot& partition) {
  auto& work = partition.work;
  if (work.size() > kMostWork) {
    const auto telling = [](const WorkSnapshot& each) {
      return std::pair(each.running_for.value_or(milliseconds(-1)), each.messages + each.queued);
    };
    std::ranges::nth_element(work, work.begin() + kMostWork, std::greater<>{}, telling);
    partition.work_left_out = work.size() - kMostWork;
    work.resize(kMostWork);
  }
  std::ranges::stable_sort(work, {}, &WorkSnapshot::virtual_partition);
}

void add_queues(std::vector<WorkSnapshot>& work, const std::vector<QueueSight>& queues) {
  std::ranges::stable_sort(work, {}, &WorkSnapshot::virtual_partition);
  const std::size_t known = work.size();
  std::size_t at = 0;
  for (const QueueSight& queue : queues) {  // in the order of virtual partitions, too
    while (at < known && work[at].virtual_partition < queue.index) ++at;
    if (at < known && work[at].virtual_partition == queue.index) {
      work[at].queued = queue.messages;
    } else {
      work.push_back({.virtual_partition = queue.index, .queued = queue.messages});
    }
  }
}

}  // namespace

ConnectionSnapshot Listener::snapshot() {
  const Time now = clock_->now();
  ConnectionSnapshot snapshot{.state = ConnectionState::running,
                              .consumer_group = group_->id,
                              .subscription_group = subscription_group_->id,
                              .jobs_waiting = dispatcher_.waiting()};
  const bool settled = facts_->settled.load(std::memory_order_relaxed);
  if (quiet_) snapshot.state = settled ? ConnectionState::quiet : ConnectionState::quieting;
  if (away_) snapshot.state = ConnectionState::away;
  if (in_rebalance_) snapshot.state = ConnectionState::rebalancing;
  if (stage_ == Stage::draining) snapshot.state = ConnectionState::draining;
  if (stage_ == Stage::leaving) snapshot.state = ConnectionState::leaving;
  for (const auto& [name, partition] : partitions_) snapshot.partitions.push_back(see(*partition, now));
  for (const auto& earlier : earlier_) {
    std::vector<WorkSight> work;
    see_slots(*earlier, work);
    for (const WorkSight& each : work) {
      snapshot.earlier.push_back({.topic = earlier->partition().topic,
                                  .partition = earlier->partition().partition.value,
                                  .generation = earlier->generation().value,
                                  .work = snapshot_of(each, now)});
    }
  }
  return snapshot;
}

PartitionSnapshot Listener::see(const AssignedPartition& partition, Time now) const {
  PartitionSnapshot snapshot{.topic = partition.name.topic,
                             .partition = partition.name.partition.value,
                             .generation = partition.assignment->generation().value,
                             .stage = stage_of(partition.stage),
                             .held = partition.assignment->held(),
                             .jobs_waiting = dispatcher_.waiting_of(*partition.assignment),
                             .max_virtual_partitions = partition.lane->max_partitions};
  const PartitionQueue::Backlog backlog = partition.queue ? partition.queue->backlog() : PartitionQueue::Backlog{};
  snapshot.fetched = backlog.fetched;
  core::OffsetsNow offsets{.end = backlog.end};
  if (partition.commits && partition.commits->last_stored()) {
    offsets.committed = partition.commits->last_stored()->position;
  } else {
    offsets.committed = partition.stored;
  }
  if (partition.runner) {
    RunnerSight sight;
    partition.runner->see(sight);
    std::vector<QueueSight> queues;
    partition.runner->see_queues(queues);
    for (const WorkSight& work : sight.work) snapshot.work.push_back(snapshot_of(work, now));
    add_queues(snapshot.work, queues);
    keep_the_most_telling(snapshot);
    offsets.position = sight.position;
    offsets.highest_done = sight.highest_done;
    // What was taken shows that the log goes as far.
    if (offsets.end && sight.expected) offsets.end = std::max(offsets.end, sight.expected);
    snapshot.taken_to = number_of(sight.expected);
    snapshot.oldest_open = number_of(sight.oldest_open);
    snapshot.highest_done = number_of(sight.highest_done);
    snapshot.open = sight.open;
    snapshot.waiting = sight.waiting;
    snapshot.parked = sight.parked;
    snapshot.letters = sight.letters;
    snapshot.bytes_held = sight.bytes_held;
    snapshot.has_room = sight.takes;
    snapshot.waits_for_commit = sight.waits_for_commit;
    snapshot.full_queue = sight.full_queue;
    if (sight.filter_until && *sight.filter_until > now) snapshot.filtered_for = rounded(*sight.filter_until - now);
    if (sight.oldest_open) {
      if (const auto age = partition.taken.age(*sight.oldest_open, now)) snapshot.oldest_open_age = rounded(*age);
    }
  }
  const core::PartitionLag lag = core::lag_of(offsets);
  snapshot.committed = number_of(offsets.committed);
  snapshot.position = number_of(offsets.position);
  snapshot.end = number_of(offsets.end);
  snapshot.committed_lag = lag.committed;
  snapshot.processed_lag = lag.processed;
  return snapshot;
}

std::uint32_t Listener::steer(const SteerOrder& order) {
  if (stage_ != Stage::running) return 0;
  if (order.consumer_group && *order.consumer_group != group_->id) return 0;
  std::uint32_t steered = 0;
  for (const auto& [name, partition] : partitions_) {
    if (name.topic != order.topic || partition->stage == AssignedPartition::Stage::ending) continue;
    if (order.partition && name.partition.value != *order.partition) continue;
    ++steered;
    switch (order.what) {
      case SteerOrder::What::pause:
        partition->steering->pause(order.duration);
        break;
      case SteerOrder::What::resume:
        partition->steering->resume();
        break;
      case SteerOrder::What::seek:
        partition->steering->seek(order.target);
        break;
    }
  }
  return steered;
}

}  // namespace braid::engine
