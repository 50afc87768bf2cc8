// What other threads ask of a listener: that it is quiet, that it tells what it does.

#include "engine/listener/describe_partitions.hpp"
#include "engine/listener/listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

// A commit that failed is asked for again; what else it waits for tells of itself.
constexpr auto kQuietLook = 1s;
// Of one partition; the others are counted.
constexpr std::size_t kMostWork = 32;

std::string number(const std::optional<CommitPosition>& position) {
  return position ? fmt::format("{}", position->value) : "unknown";
}

const char* name_of(AssignedPartition::Stage stage) {
  switch (stage) {
    case AssignedPartition::Stage::reading_position:
      return "waits for its stored position";
    case AssignedPartition::Stage::waiting_for_jobs:
      return "waits for jobs of an earlier assignment, or for the client";
    case AssignedPartition::Stage::running:
      return "runs";
    case AssignedPartition::Stage::ending:
      break;
  }
  return "ends";
}

}  // namespace

void Listener::obey(Command& command) {
  switch (command.kind) {
    case Command::Kind::stop:
      stop(command.deadline, FarewellKind::stopping, command.at_once);
      return;
    case Command::Kind::leave:
      stop(command.deadline, FarewellKind::revoked, command.at_once);
      return;
    case Command::Kind::quiet:
      quiet();
      return;
    case Command::Kind::dump:
      command.dump->answer(describe());
      return;
    case Command::Kind::snapshot:
      command.snapshot->answer(snapshot());
      return;
    case Command::Kind::steer:
      command.steer->part.answer(steer(*command.steer->order));
      return;
  }
}

// --- quiet

void Listener::quiet() {
  if (std::exchange(quiet_, true)) return;
  // What is not taken now is no reason for other connections.
  if (gauge_) gauge_->joined.store(false, std::memory_order_relaxed);
  log(LogLevel::info, fmt::format("{} / {}: takes nothing more; {} partitions finish what they have", group_->id,
                                  subscription_group_->id, partitions_.size()));
  for (const auto& [name, partition] : partitions_) {
    if (!partition->runner) continue;
    partition->runner->hasten();
    partition->ready->on_ready();
  }
}

// What is left is asked for in each turn, which anything that is done brings about.
void Listener::look_whether_settled(Time now) {
  bool settled = true;
  const bool again = now >= next_quiet_look_;
  if (again) next_quiet_look_ = now + kQuietLook;
  for (const auto& [name, partition] : partitions_) {
    // One that has not begun will not take anything.
    if (partition->stage != AssignedPartition::Stage::running) {
      settled &= partition->assignment->jobs()->idle();
      continue;
    }
    const bool empty = partition->runner->empty() && partition->assignment->jobs()->idle() &&
                       !dispatcher_.holds_of(*partition->assignment);
    if (empty && partition->lane->committer->clean(*partition)) continue;
    settled = false;
    if (!empty || (std::exchange(partition->last_commit_asked, true) && !again)) continue;
    partition->runner->fold();
    partition->lane->committer->end(*partition);
    mailbox_->wake();
  }
  if (facts_->settled.load(std::memory_order_relaxed) == settled) return;
  facts_->settled.store(settled, std::memory_order_release);
  if (!settled) return;
  log(LogLevel::info,
      fmt::format("{} / {}: quiet: all that was taken is done and committed", group_->id, subscription_group_->id));
}

// --- what it does

std::string Listener::describe() {
  const Time now = clock_->now();
  const char* stage = "runs";
  if (quiet_) stage = facts_->settled.load(std::memory_order_relaxed) ? "is quiet" : "finishes, to be quiet";
  if (away_) stage = "has left the group until what runs for too long has returned";
  if (in_rebalance_) stage = "ends partitions for a rebalance";
  if (stage_ == Stage::draining) stage = "drains, to stop";
  if (stage_ == Stage::leaving) stage = "leaves the group";
  std::vector<TopicPartition> names;
  for (const auto& [name, partition] : partitions_) names.push_back(name);
  std::string text = fmt::format("{} / {}: {}; partitions: {}; {} jobs wait for the pool\n", group_->id,
                                 subscription_group_->id, stage, describe_partitions(names), dispatcher_.waiting());
  for (const auto& [name, partition] : partitions_) describe(*partition, now, text);
  for (const auto& earlier : earlier_) {
    std::vector<WorkSight> work;
    see_slots(*earlier, work);
    for (const WorkSight& each : work) {
      text +=
          fmt::format("  {}/{}, generation {}, which is over: {}\n", earlier->partition().topic,
                      earlier->partition().partition.value, earlier->generation().value, describe_work(each, now));
    }
  }
  return text;
}

void Listener::describe(const AssignedPartition& partition, Time now, std::string& text) {
  text += fmt::format("  {}/{}, generation {}: {}", partition.name.topic, partition.name.partition.value,
                      partition.assignment->generation().value, name_of(partition.stage));
  if (partition.assignment->held()) text += ", held by a pause or a seek";
  const PartitionQueue::Backlog backlog = partition.queue ? partition.queue->backlog() : PartitionQueue::Backlog{};
  RunnerSight sight;
  if (partition.runner) {
    partition.runner->see(sight);
    text += fmt::format("; position {}, taken to {}, log ends at {}; {} offsets open, {} messages wait, {} fetched",
                        number(sight.position), number(sight.expected), number(backlog.end), sight.open,
                        sight.waiting, backlog.fetched);
    if (sight.parked > 0) text += fmt::format(", {} parked", sight.parked);
    if (sight.letters > 0) text += fmt::format(", {} dead letters on their way", sight.letters);
    if (!sight.takes) text += ", no room for more";
    if (sight.full_queue) text += fmt::format(", the queue of virtual partition {} is full", *sight.full_queue);
    if (sight.waits_for_commit) text += ", waits for a commit";
    if (sight.filter_until && *sight.filter_until > now) {
      text += fmt::format(", filters wait for {}", describe_duration(*sight.filter_until - now));
    }
  }
  text += '\n';
  for (std::size_t i = 0; i < std::min(sight.work.size(), kMostWork); ++i) {
    text += "    " + describe_work(sight.work[i], now) + '\n';
  }
  if (sight.work.size() > kMostWork) {
    text += fmt::format("    and {} more virtual partitions with work\n", sight.work.size() - kMostWork);
  }
}

}  // namespace braid::engine
