// What a listener finds out by itself: partitions that stand still, and shares that run for too long.

#include "engine/instrumentation/event_hub.hpp"
#include "engine/listener/describe_wait.hpp"
#include "engine/listener/listener.hpp"
#include "engine/listener/tell.hpp"

#include <braid/events.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

// Limits below a sweep's distance are kept this exactly.
constexpr Duration kLookLeast = 5ms;

// Of one that is quiet nothing is taken; what it has waits for nobody else.
bool has_more_to_do(const RunnerSight& sight, const PartitionQueue::Backlog& backlog, bool takes) {
  if (sight.open > sight.parked || sight.waiting > 0 || sight.letters > 0) return true;
  if (!takes) return false;
  const auto known = std::max(sight.expected, sight.position);
  const bool log_goes_on = backlog.end_is_told && backlog.end && known && *backlog.end > *known;
  return backlog.fetched > 0 || log_goes_on;
}

// Of one that is over: what has not begun does not begin any more.
bool runs_anything(Assignment& assignment) {
  return !assignment.jobs()->idle() && std::ranges::any_of(assignment.slots(), [](const ConsumerSlot& slot) {
    return slot.note().read().has_value();
  });
}

}  // namespace

// --- partitions that stand still

void Listener::watch_stalls(Time now) {
  for (const auto& [name, partition] : partitions_) watch_stall(*partition, now);
}

void Listener::watch_stall(AssignedPartition& partition, Time now) {
  const Duration after = partition.lane->stalled_after;
  if (partition.stage == AssignedPartition::Stage::ending || after <= Duration::zero()) return;
  core::StallWatch::Progress progress{.generation = partition.assignment->generation().value};
  RunnerSight sight;
  PartitionQueue::Backlog backlog;
  bool waits = true;  // one that has not begun does
  if (partition.runner) {
    // What shares have marked is movement, and looked for only where it matters.
    if (partition.stall.suspicious(after, now)) partition.runner->fold();
    progress.position = partition.runner->position();
    progress.revision = partition.runner->revision();
    backlog = partition.queue->backlog();
    partition.runner->see(sight);
    waits = has_more_to_do(sight, backlog, !quiet_);
  }
  switch (partition.stall.look(waits, progress, after, now)) {
    case core::StallWatch::Verdict::fine:
      return;
    case core::StallWatch::Verdict::goes_on:
      counters_->events->emit<events::PartitionMoving>([&] {
        return events::PartitionMoving{event_place(partition.name), milliseconds_of(partition.stall.stood())};
      });
      log(LogLevel::warning,
          fmt::format("{} / {}: {}/{}: goes on; it had stood still for {}", group_->id, subscription_group_->id,
                      partition.name.topic, partition.name.partition.value,
                      describe_duration(partition.stall.stood())));
      return;
    case core::StallWatch::Verdict::stalled: {
      const std::string waits_for =
          describe_wait(partition, sight, backlog, dispatcher_.waiting_of(*partition.assignment), now);
      log(LogLevel::warning,
          fmt::format("{} / {}: {}/{}: has not moved for {}, though there is something to do; it waits for {}",
                      group_->id, subscription_group_->id, partition.name.topic, partition.name.partition.value,
                      describe_duration(partition.stall.stood()), waits_for));
      counters_->events->emit<events::PartitionStalled>([&] {
        return events::PartitionStalled{event_place(partition.name), milliseconds_of(partition.stall.stood()),
                                        waits_for};
      });
    }
  }
}

// --- shares that run for too long

void Listener::keep_while_it_runs(const std::shared_ptr<Assignment>& assignment) {
  if (!assignment->jobs()->idle()) earlier_.push_back(assignment);
}

// The first one that does; looks again when the next one would.
std::optional<Listener::Overrun> Listener::find_overrun(const std::shared_ptr<Assignment>& assignment,
                                                        Duration longest, Time now) {
  if (assignment->jobs()->idle()) return std::nullopt;
  std::vector<ConsumerSlot>& slots = assignment->slots();
  for (std::uint32_t index = 0; index < slots.size(); ++index) {
    const auto run = slots[index].note().read();
    if (!run) continue;
    if (now - run->since > longest) return Overrun{assignment, index, run->since};
    next_overrun_look_ = std::min(next_overrun_look_, std::max(run->since + longest, now) + kLookLeast);
  }
  return std::nullopt;
}

void Listener::watch_overruns(Time now) {
  next_overrun_look_ = Time::max();
  std::erase_if(earlier_, [](const auto& each) { return !runs_anything(*each); });
  // What ends anyhow has deadlines of its own.
  if (stage_ != Stage::running) return;
  std::vector<Overrun> found;
  for (const auto& [name, partition] : partitions_) {
    const Duration longest = partition->lane->max_processing_time;
    if (auto overrun = find_overrun(partition->assignment, longest, now)) found.push_back(std::move(*overrun));
    for (const auto& earlier : earlier_) {
      if (earlier->partition() != name) continue;
      if (auto overrun = find_overrun(earlier, longest, now)) found.push_back(std::move(*overrun));
    }
  }
  if (found.empty() || away_ || in_rebalance_) return;
  for (const Overrun& overrun : found) say_overrun(overrun, now);
  overruns_ = std::move(found);
  away_ = true;
  // What it does not hold now is no reason to leave it for good.
  if (gauge_) gauge_->joined.store(false, std::memory_order_relaxed);
  if (const auto left = client_->unsubscribe(); !left) handle_error(left.error());
  client_signal_.on_ready();
}

void Listener::say_overrun(const Overrun& overrun, Time now) const {
  RunnerSight sight;
  const TopicPartition& name = overrun.assignment->partition();
  const auto partition = partitions_.find(name);
  if (partition->second->assignment == overrun.assignment && partition->second->runner) {
    partition->second->runner->see(sight);
  } else {
    see_slots(*overrun.assignment, sight.work);
  }
  const auto work = std::ranges::find_if(sight.work, [&](const WorkSight& each) {
    return each.index == overrun.index && each.since == overrun.since;
  });
  const std::string what =
      work == sight.work.end() ? fmt::format("virtual partition {}", overrun.index) : describe_work(*work, now);
  log(LogLevel::error,
      fmt::format("{} / {}: {}/{}: {}, which is longer than max_processing_time ({}): the connection leaves the "
                  "group, so that others take its partitions, and joins again when that has returned",
                  group_->id, subscription_group_->id, name.topic, name.partition.value, what,
                  describe_duration(partition->second->lane->max_processing_time)));
  counters_->events->emit<events::JobOverran>([&] {
    return events::JobOverran{event_place(name), overrun.index, milliseconds_of(now - overrun.since),
                              milliseconds_of(partition->second->lane->max_processing_time), what};
  });
}

// It has left the group since a share ran for too long: back when that has returned. Revocations come first.
void Listener::come_back() {
  if (!away_ || !partitions_.empty() || stage_ != Stage::running) return;
  std::erase_if(overruns_, [](const Overrun& overrun) {
    const auto run = overrun.assignment->slots()[overrun.index].note().read();
    return !run || run->since != overrun.since;
  });
  if (!overruns_.empty()) return;
  log(LogLevel::info,
      fmt::format("{} / {}: what ran for too long has returned; the connection joins its group again", group_->id,
                  subscription_group_->id));
  away_ = false;
  if (const auto joined = subscribe(); !joined) {
    // Tried again with the next turn.
    handle_error(joined.error());
    away_ = true;
  }
}

}  // namespace braid::engine
