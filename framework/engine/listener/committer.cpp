#include "engine/listener/committer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;
// How often a closed gate is looked at again; it opens when the group has joined, of which nobody tells us.
constexpr auto kGateLook = 10ms;

}  // namespace

Committer::Committer(ConsumerClient& client, AssignedPartitions& partitions, core::CommitSchedule schedule,
                     std::size_t metadata_bytes, Counters& counters, Log& log)
    : client_(client),
      partitions_(partitions),
      schedule_(std::move(schedule)),
      metadata_bytes_(metadata_bytes),
      counters_(counters),
      log_(log) {}

std::optional<Acknowledged> Committer::to_send(const AssignedPartition& partition) const {
  if (!partition.runner) return std::nullopt;
  const auto position = partition.runner->position();
  if (!position) return std::nullopt;
  const Acknowledged now{*position, metadata_bytes_ > 0 ? partition.runner->revision() : 0};
  if (now == partition.acknowledged) return std::nullopt;
  return now;
}

void Committer::turn(Time now) {
  if (!schedule_.ready(now, client_.may_commit())) return;
  std::vector<StoredPosition> positions;
  sent_.clear();
  for (const auto& [name, partition] : partitions_) {
    if (!partition->runner) continue;
    partition->runner->fold();
    const auto now_due = to_send(*partition);
    if (!now_due) continue;
    positions.push_back({name, now_due->position, partition->runner->metadata(metadata_bytes_)});
    sent_.push_back({name, partition->assignment->generation(), *now_due});
  }
  if (positions.empty()) {
    schedule_.nothing_to_send(now);
    return;
  }
  last_sent_ = schedule_.sent();
  client_.commit(positions, last_sent_);
}

void Committer::handle_committed(std::uint64_t token, const Result<void>& outcome, Time now) {
  if (!schedule_.answered(token, outcome.ok(), now)) return;
  if (!outcome && outcome.error().kind() == Error::Kind::stale_member) last_stale_ = token;
  if (!outcome) {
    Counters::add(counters_.commits_failed);
    log_.write(LogLevel::warning, "connection",
               fmt::format("commit of {} positions failed: {}; sent again with the positions of then", sent_.size(),
                           outcome.error().text()));
    return;
  }
  Counters::add(counters_.commits);
  for (const Sent& sent : sent_) {
    const auto found = partitions_.find(sent.partition);
    if (found == partitions_.end() || found->second->assignment->generation() != sent.generation) continue;
    found->second->acknowledged = sent.what;
  }
}

std::optional<Time> Committer::wakes_at(Time now) const {
  const auto at = schedule_.wakes_at();
  if (at && *at <= now) return now + kGateLook;  // only the gate keeps it back
  return at;
}

}  // namespace braid::engine
