#include "engine/listener/partition_hooks.hpp"

#include "engine/listener/runner_log.hpp"

#include <algorithm>
#include <utility>

namespace braid::engine {

namespace {

core::HookSchedule::Settings schedule_settings(const Assignment& assignment) {
  const routing::Topic& topic = assignment.topic();
  return {.max_partitions = assignment.max_partitions(),
          .tick_every = topic.tick_every,
          .end_of_partition = topic.end_of_partition,
          .barrier = topic.flow == routing::Flow::batch};
}

}  // namespace

std::unique_ptr<PartitionHooks> PartitionHooks::make(std::shared_ptr<Assignment> assignment,
                                                     const RunnerTools& tools) {
  const routing::Topic& topic = assignment->topic();
  if (!topic.tick_every && !topic.end_of_partition) return nullptr;
  return std::make_unique<PartitionHooks>(std::move(assignment), tools);
}

PartitionHooks::PartitionHooks(std::shared_ptr<Assignment> assignment, const RunnerTools& tools)
    : assignment_(std::move(assignment)),
      dispatcher_(tools.dispatcher),
      log_(tools.log),
      schedule_(schedule_settings(*assignment_)),
      calls_(std::make_shared<HookCalls>(assignment_, tools.ready)) {}

PartitionHooks::~PartitionHooks() {
  // What those threw that returned while the assignment ended.
  while (take_returned()) {
  }
}

void PartitionHooks::note_object(VirtualPartitionIndex index) {
  if (assignment_->slot(index).occupied()) schedule_.occupied(index.value);
}

void PartitionHooks::batch_started(RunningBatch& batch) {
  for (const Share& share : batch.shares()) schedule_.starts(share.virtual_partition().value);
}

bool PartitionHooks::may_collapse(RunningBatch& batch) const {
  const auto is_its = [](const Share& share) { return share.virtual_partition() == kCollapsed; };
  return std::ranges::any_of(batch.shares(), is_its) || !schedule_.is_out(kCollapsed.value);
}

void PartitionHooks::batch_collapsed(RunningBatch& batch) {
  for (const Share& share : batch.shares()) schedule_.starts(share.virtual_partition().value);
}

void PartitionHooks::batch_settled(RunningBatch& batch) {
  // Objects first: whoever got one by this batch hears of an end that it reached.
  const auto settled = [&](const Share& share) {
    note_object(share.virtual_partition());
    schedule_.idle(share.virtual_partition().value);
  };
  std::ranges::for_each(batch.former_shares(), settled);
  std::ranges::for_each(batch.shares(), settled);
  schedule_.batch_settled(batch.size());
}

void PartitionHooks::given(std::span<const std::uint32_t> indexes) {
  if (!assignment_->topic().end_of_partition) return;
  for (const std::uint32_t index : indexes) schedule_.given(index);
}

void PartitionHooks::job_settled(std::uint32_t index, std::size_t messages) {
  note_object({index});
  if (assignment_->topic().end_of_partition) schedule_.settled(index, messages);
}

std::optional<std::uint32_t> PartitionHooks::take_returned() {
  const auto returned = calls_->take_returned();
  if (!returned) return std::nullopt;
  schedule_.returned(returned->index.value);
  if (returned->failure) log_hook_failure(*log_, *assignment_, returned->kind, returned->index, returned->failure);
  return returned->index.value;
}

void PartitionHooks::send(const core::HookSchedule::Call& call) {
  calls_->send(*dispatcher_, {call.index}, call.kind);
}

std::optional<Time> PartitionHooks::sooner(std::optional<Time> other) const {
  const auto at = schedule_.wakes_at();
  if (!at) return other;
  return other ? std::min(*at, *other) : at;
}

}  // namespace braid::engine
