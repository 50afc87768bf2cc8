// What a listener tells of as events.

#include "core/lag/partition_lag.hpp"
#include "core/offsets/gap_codec.hpp"
#include "engine/instrumentation/event_hub.hpp"
#include "engine/listener/listener.hpp"
#include "engine/listener/tell.hpp"

#include <algorithm>
#include <chrono>

namespace braid::engine {

events::Connection Listener::event_place() const {
  return {group_->id, subscription_group_->id, settings_.connection};
}

events::Partition Listener::event_place(const TopicPartition& name) const {
  return {group_->id, name.topic, name.partition.value};
}

void Listener::tell_assigned(std::span<const TopicPartition> partitions) const {
  counters_->events->emit<events::PartitionsAssigned>([&] {
    return events::PartitionsAssigned{event_place(), partitions_of(partitions),
                                      static_cast<std::uint32_t>(partitions_.size())};
  });
}

void Listener::tell_revoked(std::span<const TopicPartition> partitions, bool lost, Time since) const {
  if (partitions.empty()) return;
  counters_->events->emit<events::PartitionsRevoked>([&] {
    return events::PartitionsRevoked{event_place(), partitions_of(partitions),
                                     static_cast<std::uint32_t>(partitions_.size()), lost,
                                     milliseconds_of(clock_->now() - since)};
  });
}

// Before its runner takes over where it starts.
void Listener::tell_started(const AssignedPartition& partition) const {
  counters_->events->emit<events::PartitionStarted>([&] {
    events::PartitionStarted told{.where = event_place(partition.name),
                                  .generation = partition.assignment->generation().value};
    if (partition.start.position) told.position = partition.start.position->value;
    for (const OffsetRange& range : partition.start.done_before) {
      told.done_before += static_cast<std::uint64_t>(range.last.value - range.first.value + 1);
    }
    return told;
  });
}

void Listener::tell_error(events::ErrorType type, const Error& error, const std::string& about) const {
  counters_->events->emit<events::ErrorOccurred>([&] {
    return events::ErrorOccurred{.type = type,
                                 .kind = error.kind(),
                                 .consumer_group = group_->id,
                                 .error = about.empty() ? error.text() : about + ": " + error.text()};
  });
}

// Each sweep: since when offsets are here is asked of the past.
void Listener::measure_partitions(Time now) {
  for (const auto& [name, partition] : partitions_) {
    if (!partition->runner) continue;
    partition->taken.look(partition->runner->expected(), partition->runner->oldest_open(), now);
  }
  const EventHub& hub = *counters_->events;
  if (!hub.wants<events::PartitionMeasured>() || now < next_measure_) return;
  next_measure_ = now + hub.measure_each();
  for (const auto& [name, partition] : partitions_) {
    if (partition->runner) tell_measured(*partition, now);
  }
}

void Listener::tell_measured(AssignedPartition& partition, Time now) const {
  partition.runner->fold();
  RunnerSight sight;
  partition.runner->see(sight);
  const auto lags = partition.assignment->lags().take();
  counters_->events->emit<events::PartitionMeasured>([&] {
    core::OffsetsNow offsets{
        .position = sight.position, .highest_done = sight.highest_done, .end = partition.queue->backlog().end};
    if (partition.commits && partition.commits->last_stored()) {
      offsets.committed = partition.commits->last_stored()->position;
    }
    // What was taken shows that the log goes as far.
    if (offsets.end && sight.expected) offsets.end = std::max(offsets.end, sight.expected);
    const core::PartitionLag lag = core::lag_of(offsets);
    events::PartitionMeasured told{.where = event_place(partition.name),
                                   .committed_lag = lag.committed,
                                   .processed_lag = lag.processed,
                                   .open_offsets = sight.open,
                                   .bytes_held = sight.bytes_held,
                                   .waiting = sight.waiting,
                                   .parked = sight.parked};
    if (offsets.end) told.end = offsets.end->value;
    if (sight.position) told.position = sight.position->value;
    if (lags) {
      told.consumption_lag = lags->consumption;
      told.processing_lag = lags->processing;
    }
    if (sight.oldest_open) {
      told.oldest_open = sight.oldest_open->value;
      if (const auto age = partition.taken.age(*sight.oldest_open, now))
        told.oldest_open_age = milliseconds_of(*age);
    }
    if (sight.position && settings_.commit_metadata_bytes > 0) {
      const std::size_t all = partition.runner->metadata(settings_.commit_metadata_bytes).size();
      const auto text = partition.assignment->commit_text().text();
      const std::size_t none = core::encode_gaps(*sight.position, {}, text, settings_.commit_metadata_bytes).size();
      told.gap_bytes = static_cast<std::uint32_t>(all - std::min(all, none));
    }
    return told;
  });
}

}  // namespace braid::engine
