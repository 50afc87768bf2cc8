// What a committer tells of as events.

#include "engine/instrumentation/event_hub.hpp"
#include "engine/listener/committer.hpp"
#include "engine/listener/tell.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::engine {

// One event for what was taken, and one for each kind of refusal.
void Committer::tell_answer(const CommitOutcome& outcome, Time now) {
  EventHub& hub = *counters_.events;
  if (!hub.wants<events::PositionsCommitted>() && !hub.wants<events::CommitFailed>()) return;
  events::PositionsCommitted done{.took = std::chrono::duration_cast<std::chrono::microseconds>(now - sent_at_)};
  events::CommitFailed failed;
  if (!outcome.all) {
    failed.kind = outcome.all.error().kind();
    failed.error = outcome.all.error().text();
  } else if (!outcome.refused.empty()) {
    failed.kind = outcome.refused.front().error.kind();
    failed.error = outcome.refused.front().error.text();
  }
  for (const Sent& sent : sent_) {
    const AssignedPartition* const partition = find(sent);
    if (partition == nullptr) continue;
    const events::TopicPartition name{sent.partition.topic, sent.partition.partition.value,
                                      sent.content.position.value};
    const bool refused = std::ranges::find(outcome.refused, sent.partition, &CommitOutcome::Refused::partition) !=
                         outcome.refused.end();
    const bool taken = outcome.all.ok() && !refused;
    (taken ? done.consumer_group : failed.consumer_group) = partition->assignment->group();
    (taken ? done.partitions : failed.partitions).push_back(name);
  }
  if (!done.partitions.empty()) hub.emit<events::PositionsCommitted>([&] { return std::move(done); });
  if (!failed.partitions.empty()) hub.emit<events::CommitFailed>([&] { return std::move(failed); });
}

void Committer::tell_stored(const AssignedPartition& partition) const {
  counters_.events->emit<events::PositionsCommitted>([&] {
    const auto& stored = partition.commits->last_stored();
    const std::int64_t position = stored ? stored->position.value : -1;
    return events::PositionsCommitted{
        .consumer_group = partition.assignment->group(),
        .partitions = {{partition.name.topic, partition.name.partition.value, position}}};
  });
}

// Why, the log says.
void Committer::tell_not_stored(const AssignedPartition& partition) const {
  counters_.events->emit<events::CommitFailed>([&] {
    return events::CommitFailed{.consumer_group = partition.assignment->group(),
                                .partitions = {{partition.name.topic, partition.name.partition.value}},
                                .error = "the positions could not be stored together with what they belong to"};
  });
}

}  // namespace braid::engine
