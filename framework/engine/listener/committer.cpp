#include "engine/listener/committer.hpp"

#include "core/offsets/gap_codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;
// How often a closed gate is looked at again; it opens when the group has joined, of which nobody tells us.
constexpr auto kGateLook = 10ms;

// The longest that a pair of numbers of the metadata may be, with what goes before the first one: where so much
// room was left, nothing was left out.
constexpr std::size_t kOneMore = 48;

}  // namespace

Committer::Committer(PositionStore& store, AssignedPartitions& partitions, Settings settings, Counters& counters,
                     Log& log)
    : store_(store),
      partitions_(partitions),
      metadata_bytes_(settings.metadata_bytes),
      schedule_(settings.retry_backoff),
      counters_(counters),
      log_(log) {}

std::optional<core::CommitContent> Committer::content_of(const AssignedPartition& partition) const {
  const auto position = partition.runner ? partition.runner->position() : partition.start.position;
  if (!position) return std::nullopt;
  core::CommitContent content = core::CommitContent::of(*position);
  if (metadata_bytes_ > 0 && partition.runner) content.revision = partition.runner->revision();
  return content;
}

// Requires a position.
std::string Committer::metadata_of(const AssignedPartition& partition) const {
  if (partition.runner) return partition.runner->metadata(metadata_bytes_);
  return core::encode_gaps(*partition.start.position, {}, partition.assignment->commit_text().text(),
                           metadata_bytes_);
}

// One without a runner that has commits waits for jobs, and tells where it was sent to.
bool Committer::serves(const AssignedPartition& partition) const {
  return partition.commits && partition.lane->committer == this;
}

bool Committer::clean(const AssignedPartition& partition) const {
  return !partition.commits || partition.commits->clean(content_of(partition));
}

void Committer::look(const AssignedPartition& partition) {
  // What is on its way is looked at with its answer.
  if (!partition.commits || partition.commits->in_flight()) return;
  if (const auto due = partition.commits->due()) schedule_.due_by(*due);
}

void Committer::request(AssignedPartition& partition, CommitRequest& request) {
  core::PartitionCommits& commits = *partition.commits;
  if (request.waits()) {
    commits.request(partition.requests.add(CommitRequestPtr(&request)), request.through());
  } else {
    commits.request(request.through());
  }
  tell(partition);
  look(partition);
}

void Committer::end(AssignedPartition& partition) {
  if (!partition.commits) return;
  partition.commits->end();
  schedule_.try_now();
  look(partition);
}

// Who was released hears of it: requests here, jobs and batches in the partition's next turn.
void Committer::tell(AssignedPartition& partition) {
  partition.requests.answer(partition.commits->take_answered(), {});
  if (!partition.commits->take_turn_wanted()) return;
  partition.released = true;
  released_ = true;
}

void Committer::turn(Time now) {
  if (!schedule_.ready(now, store_.may_commit())) return;
  schedule_.looked();
  sent_.clear();
  std::vector<StoredPosition> positions;
  std::erase_if(refused_, [this](const TopicPartition& name) { return !partitions_.contains(name); });
  // One of those that go alone, and all the others, take turns.
  const bool alone_first = !went_alone_;
  went_alone_ =
      gather(now, alone_first, positions) ? alone_first : gather(now, !alone_first, positions) && !alone_first;
  if (!positions.empty()) {
    last_sent_ = store_.apart() ? schedule_.sent_apart() : schedule_.sent();
    for (const Sent& sent : sent_) find(sent)->commits->sent(last_sent_, sent.content, now);
    if (store_.apart()) sent_.clear();
    sent_at_ = now;
    store_.commit(positions, last_sent_);
  }
  for (const auto& [name, partition] : partitions_) {
    if (serves(*partition)) look(*partition);
  }
}

bool Committer::gather(Time now, bool refused, std::vector<StoredPosition>& positions) {
  if (refused && refused_.empty()) return false;
  for (const auto& [name, partition] : partitions_) {
    if (!serves(*partition) || refused_.contains(name) != refused) continue;
    if (add(*partition, now, positions) && refused) break;
  }
  return !positions.empty();
}

bool Committer::add(AssignedPartition& partition, Time now, std::vector<StoredPosition>& positions) {
  core::PartitionCommits& commits = *partition.commits;
  if (commits.in_flight() || !commits.due() || *commits.due() > now) return false;
  if (partition.runner) partition.runner->fold();
  auto content = content_of(partition);
  if (!content || !commits.worth_sending(*content)) {
    commits.nothing_to_send(content, now);
    tell(partition);
    return false;
  }
  std::string metadata = metadata_of(partition);
  if (metadata.size() + kOneMore <= metadata_bytes_) content->told_below = core::CommitContent::kAll;
  // Behind the look at what is done: what that counts is claimed by now.
  positions.push_back({.partition = partition.name,
                       .position = content->position,
                       .metadata = std::move(metadata),
                       .done = partition.assignment->claims().take(),
                       .generation = partition.assignment->generation(),
                       .anew = !partition.stored});
  sent_.push_back({partition.name, partition.assignment->generation(), *content});
  return true;
}

AssignedPartition* Committer::find(const Sent& sent) {
  const auto found = partitions_.find(sent.partition);
  if (found == partitions_.end() || found->second->assignment->generation() != sent.generation) return nullptr;
  return found->second->commits ? found->second.get() : nullptr;
}

namespace {

// No commit of this generation will do better.
bool begins_anew(const Error& error) {
  return error.kind() == Error::Kind::stale_member || error.kind() == Error::Kind::not_committed;
}

bool lasts(const Error& error) {
  return error.kind() == Error::Kind::not_authorized;
}

}  // namespace

// Once; then it is tried again and again. What lasts is tried ever less often.
void Committer::note_failure(const Error& error, Time now) {
  if (begins_anew(error)) last_stale_ = last_sent_;
  Counters::add(counters_.commits_failed);
  if (trouble_.fails(error.text(), now)) {
    log_.write(LogLevel::warning, "connection",
               fmt::format("commit of {} positions failed: {}; sent again with the positions of then", sent_.size(),
                           error.text()));
  }
  if (lasts(error)) schedule_.put_off(now + trouble_.pause());
}

// Of one partition. Returns before when there is no use in trying again.
Time Committer::note_refusal(const CommitOutcome::Refused& refused, Time now) {
  core::RepeatedTrouble& trouble = of_topics_[refused.partition.topic];
  if (trouble.fails(refused.error.text(), now)) {
    log_.write(LogLevel::warning, "connection",
               fmt::format("{}; tried again now and then, and others' positions are stored", refused.error.text()));
  }
  return now + trouble.pause();
}

void Committer::note_success(const TopicPartition& partition) {
  if (refused_.erase(partition) == 0) return;
  const auto same_topic = [&](const TopicPartition& other) { return other.topic == partition.topic; };
  if (std::ranges::any_of(refused_, same_topic) || of_topics_.erase(partition.topic) == 0) return;
  log_.write(LogLevel::info, "connection", fmt::format("positions of {} are stored again", partition.topic));
}

// Each is asked for alone.
void Committer::handle_unsure(std::uint64_t token) {
  Counters::add(counters_.commits_failed);
  for (const Sent& sent : sent_) {
    AssignedPartition* const partition = find(sent);
    if (partition == nullptr) continue;
    refused_.insert(sent.partition);
    partition->commits->failed(token);
    look(*partition);
  }
  sent_.clear();
}

void Committer::handle_committed(std::uint64_t token, const CommitOutcome& outcome, Time now) {
  if (!schedule_.answered(token, outcome.all.ok(), now)) return;
  if (outcome.unsure) {
    handle_unsure(token);
    return;
  }
  tell_answer(outcome, now);
  if (!outcome.all) {
    note_failure(outcome.all.error(), now);
  } else {
    Counters::add(outcome.refused.empty() ? counters_.commits : counters_.commits_failed);
    if (trouble_.works()) log_.write(LogLevel::info, "connection", "positions are stored again");
  }
  for (const Sent& sent : sent_) {
    AssignedPartition* const partition = find(sent);
    if (partition == nullptr) continue;
    const auto refused = std::ranges::find(outcome.refused, sent.partition, &CommitOutcome::Refused::partition);
    if (!outcome.all && outcome.all.error().retriable()) {
      partition->commits->failed(token);
    } else if (!outcome.all) {
      partition->requests.answer(partition->commits->refused(token), outcome.all);
      if (lasts(outcome.all.error())) partition->commits->put_off(now + trouble_.pause());
    } else if (refused != outcome.refused.end()) {
      refused_.insert(sent.partition);
      if (begins_anew(refused->error)) last_stale_ = last_sent_;
      partition->requests.answer(partition->commits->refused(token), Result<void>(refused->error));
      partition->commits->put_off(note_refusal(*refused, now));
    } else {
      partition->assignment->claims().found();
      partition->commits->acknowledged(token);
      note_success(sent.partition);
      tell(*partition);
    }
    look(*partition);
  }
  sent_.clear();
}

void Committer::handle_stored(AssignedPartition& partition, std::uint64_t token) {
  Counters::add(counters_.commits);
  if (!partition.commits) return;
  partition.commits->acknowledged(token);
  tell_stored(partition);
  tell(partition);
  look(partition);
}

void Committer::handle_failed(AssignedPartition& partition, std::uint64_t token) {
  Counters::add(counters_.commits_failed);
  if (!partition.commits) return;
  partition.commits->failed(token);
  tell_not_stored(partition);
  look(partition);
}

void Committer::give_up() {
  schedule_.give_up();
  for (const Sent& sent : std::exchange(sent_, {})) {
    AssignedPartition* const partition = find(sent);
    if (partition == nullptr) continue;
    partition->commits->failed(last_sent_);
    look(*partition);
  }
}

std::optional<Time> Committer::wakes_at(Time now) const {
  const auto at = schedule_.wakes_at();
  if (at && *at <= now && !store_.may_commit()) return now + kGateLook;
  return at;
}

}  // namespace braid::engine
