// Positions that are kept elsewhere than with the client: what their stores say, and who must begin anew there.

#include "engine/listener/listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace braid::engine {

void Listener::handle(const StoreAnswer& answer) {
  if (OutsideStore* const store = outside_store(answer.store)) store->note(answer);
  if (answer.positions) handle_positions(answer.token, *answer.positions);
  // First: what is acknowledged is not what these have asked for.
  for (const StoreAnswer::Fenced& fenced : answer.fenced) {
    const auto found = partitions_.find(fenced.partition);
    if (found == partitions_.end() || found->second->lane->store != answer.store) continue;
    // One that ends, or waits for the end of a rebalance, keeps its commits until then.
    if (answer.store == transactions_.get()) {
      found->second->lane->committer->handle_failed(*found->second, answer.token);
    }
    if (!outside_store(answer.store)->saves_as(fenced.partition, fenced.epoch)) continue;
    if (fenced.generation && *fenced.generation != found->second->assignment->generation()) continue;
    for (const core::Refusal& refusal : fenced.refusals) found->second->refused.note(refusal, clock_->now());
    begin_from_store(*found->second, fenced.why, !fenced.refusals.empty());
  }
  if (answer.stored) {
    const auto found = partitions_.find(*answer.stored);
    const bool ours = found != partitions_.end() && found->second->lane->store == answer.store;
    if (ours) found->second->lane->committer->handle_stored(*found->second, answer.token);
  }
  if (answer.committed) {
    committers_.of(*answer.store)->handle_committed(answer.token, *answer.committed, clock_->now());
  }
}

OutsideStore* Listener::outside_store(const PositionStore* store) {
  if (transactions_.get() == store) return transactions_.get();
  const auto found = std::ranges::find_if(external_stores_, [&](const auto& each) { return each.get() == store; });
  return found == external_stores_.end() ? nullptr : found->get();
}

// The offset store refuses our epoch: another member has loaded the partition since. It may be one that had it
// before and asked late; then nobody else could ever save. So whoever has the partition begins anew where the store
// is, in the epoch of that load. One that has lost it, and has not heard of that, comes to its end with that news.
// Or a transaction has failed, and what its batches did is gone. `at_once`: something is learned of what it has
// failed by, and whether to wait is decided of that.
void Listener::begin_from_store(AssignedPartition& partition, const std::string& why, bool at_once) {
  // Where a consumer has sent it is known to nobody else before it is stored.
  const bool seeks = partition.assignment->transaction() && partition.target && partition.commits &&
                     !partition.commits->ever_acknowledged();
  const bool waits = seeks && partition.stage == AssignedPartition::Stage::waiting_for_jobs;
  if (partition.stage != AssignedPartition::Stage::running && !waits) {
    if (partition.assignment->transaction()) {
      log(LogLevel::warning,
          fmt::format("{} / {}: {}/{}: {}; what its batches did is done again by who has it next", group_->id,
                      subscription_group_->id, partition.name.topic, partition.name.partition.value, why));
    }
    return;
  }
  if (in_rebalance_) {
    // A restart within the handler would be taken for its answer.
    partition.begins_anew = why;
    partition.begins_at_once = at_once;
    anew_waits_ = true;
    return;
  }
  Duration pause = note_anew(partition, why);
  if (at_once) pause = {};
  if (seeks) {
    seek(partition, {.kind = StartPoint::Kind::at, .at = *partition.target, .as_a_number = true});
    if (pause > Duration::zero()) partition.commits->put_off(clock_->now() + pause);
    return;
  }
  begin_next_generation(partition);
  partition.start = {};
  partition.stored.reset();
  partition.sent_to.reset();
  partition.restart_pending.reset();
  partition.stage = AssignedPartition::Stage::reading_position;
  partition.ask_position_at = clock_->now() + pause;
}

// Said once where it fails at the same position again and again; and then it is tried ever less often.
Duration Listener::note_anew(AssignedPartition& partition, const std::string& why) {
  const bool transaction = partition.assignment->transaction() != nullptr;
  if (!transaction || partition.failed_from != partition.stored) partition.failures = {};
  partition.failed_from = partition.stored;
  if (!partition.failures.fails(why, clock_->now())) return partition.failures.pause();
  log(LogLevel::warning,
      fmt::format("{} / {}: {}/{}: {}; it begins anew where its positions are stored", group_->id,
                  subscription_group_->id, partition.name.topic, partition.name.partition.value, why));
  return {};
}

void Listener::begin_anew_where_due() {
  for (const auto& [name, partition] : partitions_) {
    if (const auto why = std::exchange(partition->begins_anew, std::nullopt)) {
      begin_from_store(*partition, *why, partition->begins_at_once);
    }
  }
}

}  // namespace braid::engine
