// The listener's part in the group: assignments, positions, revocations, the way out.

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "engine/listener/batch_runner.hpp"
#include "engine/listener/describe_partitions.hpp"
#include "engine/listener/listener.hpp"

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto kPositionRetry = 1s;
// For the last hooks, behind the drain; and for the commit's answer, behind those.
constexpr auto kFarewell = 1s;
constexpr auto kCommitAnswer = 2s;
// How long the client is served often after a rebalance; one fetch's way there and back, with room to spare.
constexpr auto kServeOften = 200ms;
// A wait never depends on one wake-up alone.
constexpr auto kLookAgain = 100ms;

PartitionsEnding::Deadlines revocation_deadlines(Time now, Duration drain_on_revoke) {
  const Time drain = now + drain_on_revoke;
  return {drain, drain + kFarewell, drain + kFarewell + kCommitAnswer};
}

PartitionsEnding::Deadlines stop_deadlines(Time now, Time deadline) {
  const Duration all = std::max<Duration>(deadline - now, 0ms);
  // What follows the drain needs time of its own, or a drain that fills the deadline would cost the commit.
  const Duration after = std::min<Duration>(kFarewell + kCommitAnswer, all / 2);
  return {deadline - after, deadline - after * 2 / 3, deadline - after / 3};
}

}  // namespace

// --- assignment

ReadyFlag& Listener::flag_of(const TopicPartition& name) {
  auto& flag = flags_[name];
  if (!flag) flag = std::make_unique<ReadyFlag>(*mailbox_);
  return *flag;
}

void Listener::add(const TopicPartition& name) {
  auto partition = std::make_unique<AssignedPartition>();
  partition->name = name;
  partition->lane = &lanes_.find(name.topic)->second;
  partition->ready = &flag_of(name);
  partition->ready->owner = partition.get();
  partition->queue = client_->open(name, *partition->ready);
  begin_generation(*partition);
  if (stage_ == Stage::running) {
    partition->ask_position_at = clock_->now();
  } else {
    partition->stage = AssignedPartition::Stage::ending;
  }
  partitions_[name] = std::move(partition);
  const std::uint32_t assigned = counters_->partitions_assigned.fetch_add(1, std::memory_order_relaxed) + 1;
  if (assigned == settings_.expected_partitions + 1) {
    log(LogLevel::warning,
        fmt::format("more than {} partitions are assigned, and each may fetch its share of prefetch_bytes ahead; "
                    "raise expected_partitions to stay within that bound",
                    settings_.expected_partitions));
  }
}

void Listener::begin_generation(AssignedPartition& partition) {
  partition.assignment = std::make_shared<Assignment>(Assignment::Parts{
      .topic = partition.lane->topic,
      .partition = partition.name,
      .generation = jobs_->next_generation(),
      .max_partitions = partition.lane->max_partitions,
      .messages = partition.queue->owner(),
      .jobs = jobs_->of(group_->id, partition.name),
      .counters = counters_,
      .routes = routes_,
  });
}

void Listener::handle_assigned(std::span<const TopicPartition> partitions) {
  log(LogLevel::info,
      fmt::format("{} / {}: assigned {}", group_->id, subscription_group_->id, describe_partitions(partitions)));
  Counters::add(counters_->assignments, partitions.size());
  const std::vector<StoredPosition> retained = retained_positions({});
  const std::vector<AssignedPartition*> unread = retained_unread({});
  for (const TopicPartition& name : partitions) {
    if (lanes_.find(name.topic) != lanes_.end() && !partitions_.contains(name)) add(name);
  }
  if (const auto assigned = client_->assign(partitions); !assigned) handle_error(assigned.error());
  client_->reposition(retained);
  for (AssignedPartition* partition : unread) start_by_policy(*partition, "nothing was read of it yet");
  look_again_soon();
}

std::vector<StoredPosition> Listener::retained_positions(std::span<const TopicPartition> leaving) const {
  std::vector<StoredPosition> retained;
  for (const auto& [name, partition] : partitions_) {
    if (!partition->runner || !partition->runner->expected()) continue;
    if (std::find(leaving.begin(), leaving.end(), name) != leaving.end()) continue;
    retained.push_back({name, partition->runner->expected(), {}});
  }
  return retained;
}

// Retained partitions that no message has come from: they have no expected offset to be repositioned to.
std::vector<AssignedPartition*> Listener::retained_unread(std::span<const TopicPartition> leaving) const {
  std::vector<AssignedPartition*> unread;
  for (const auto& [name, partition] : partitions_) {
    if (partition->stage != AssignedPartition::Stage::running || partition->runner->expected()) continue;
    if (std::find(leaving.begin(), leaving.end(), name) == leaving.end()) unread.push_back(partition.get());
  }
  return unread;
}

// --- positions

void Listener::ask_positions(Time now) {
  std::vector<TopicPartition> wanted;
  for (const auto& [name, partition] : partitions_) {
    if (partition->stage != AssignedPartition::Stage::reading_position) continue;
    if (partition->ask_position_at && *partition->ask_position_at <= now) wanted.push_back(name);
  }
  if (wanted.empty()) return;
  const std::uint64_t token = ++last_position_token_;
  for (const TopicPartition& name : wanted) {
    AssignedPartition& partition = *partitions_[name];
    partition.ask_position_at.reset();
    partition.position_token = token;
  }
  client_->read_positions(wanted, token);
}

void Listener::handle_positions(std::uint64_t token, Result<std::vector<StoredPosition>> positions) {
  std::vector<AssignedPartition*> waiting;
  for (const auto& [name, partition] : partitions_) {
    const bool waits = partition->stage == AssignedPartition::Stage::reading_position &&
                       !partition->ask_position_at && partition->position_token == token;
    if (waits) waiting.push_back(partition.get());
  }
  const Time again = clock_->now() + kPositionRetry;
  if (!positions) {
    if (!waiting.empty()) {
      log(LogLevel::warning, fmt::format("{} / {}: the group's positions could not be read: {}; asking again",
                                         group_->id, subscription_group_->id, positions.error().text()));
    }
    for (AssignedPartition* partition : waiting) partition->ask_position_at = again;
    return;
  }
  for (AssignedPartition* partition : waiting) {
    const auto found = std::find_if(positions.value().begin(), positions.value().end(),
                                    [&](const StoredPosition& stored) { return stored.partition == partition->name; });
    if (found == positions.value().end()) {
      // Not said is not "none": a partition never starts by policy because an answer was incomplete.
      partition->ask_position_at = again;
    } else if (in_rebalance_ && !found->position) {
      // A restart within the handler would be taken for its answer.
      partition->ask_position_at = clock_->now();
    } else if (found->position) {
      partition->start = found->position;
      partition->acknowledged = found->position;
      begin(*partition);
    } else {
      start_by_policy(*partition, "the group has no position for it");
    }
  }
}

void Listener::start_by_policy(AssignedPartition& partition, const char* why) {
  const routing::InitialOffset policy = partition.lane->topic->initial_offset;
  if (partition.runner) {
    // Whatever moves a position starts a new generation: what still runs of this one counts no more. Its consumers
    // hear that it is lost, before the new one's are made.
    partition.runner->refuse();
    dispatcher_.forget(*partition.assignment);
    partition.assignment->move_to(Assignment::Phase::over);
    unschedule(partition);
    std::make_shared<FarewellRound>(partition.assignment, FarewellKind::revoked)->send(dispatcher_);
    partition.runner.reset();
    begin_generation(partition);
  }
  partition.start.reset();
  partition.acknowledged.reset();
  if (policy == routing::InitialOffset::fail) {
    partition.stage = AssignedPartition::Stage::ending;
    host_->handle_fatal(Error(Error::Kind::other,
                              fmt::format("{}/{}: {}, and initial_offset is `fail`; set a position for the group, "
                                          "or `earliest` or `latest`",
                                          partition.name.topic, partition.name.partition.value, why)));
    return;
  }
  const bool earliest = policy == routing::InitialOffset::earliest;
  log(LogLevel::debug, fmt::format("{} / {}: {}/{} starts at the {}: {}", group_->id, subscription_group_->id,
                                   partition.name.topic, partition.name.partition.value,
                                   earliest ? "earliest offset" : "latest offset", why));
  const auto restarted = client_->restart_at(
      partition.name, {earliest ? StartPoint::Kind::earliest : StartPoint::Kind::latest, {}});
  if (restarted) {
    partition.start = restarted.value();
  } else {
    handle_error(restarted.error());
  }
  begin(partition);
}

// The client says that where it was reading is not in the log. It may have been elsewhere than it should: unless
// this is the second time, it is sent to where it should be, since starting by policy repeats or skips messages.
void Listener::start_again(AssignedPartition& partition) {
  const auto expected = partition.runner ? partition.runner->expected() : std::nullopt;
  if (expected && expected != partition.sent_to) {
    partition.sent_to = expected;
    if (client_->restart_at(partition.name, {StartPoint::Kind::at, *expected})) return;
  }
  start_by_policy(partition, "its position is not in the log any more");
}

// A generation starts nothing before every job of the partition's earlier ones has returned, and another connection
// of ours that had the partition has let go of it.
void Listener::begin(AssignedPartition& partition) {
  PartitionJobs& jobs = *partition.assignment->jobs();
  const auto free = [&] { return jobs.claim(&partition) && jobs.idle(); };
  if (!free()) {
    partition.stage = AssignedPartition::Stage::waiting_for_jobs;
    jobs.watch(mailbox_->notifier());
    if (!free()) return;  // asked again when they have returned, and with each sweep
  }
  jobs.unwatch(*mailbox_->notifier());
  run(partition);
}

void Listener::run(AssignedPartition& partition) {
  partition.runner = std::make_unique<BatchRunner>(
      partition.assignment, partition.start,
      RunnerTools{&partition.lane->split, &dispatcher_, mailbox_, pool_, log_});
  partition.stage = AssignedPartition::Stage::running;
  // What came before we listened has raised no flag since.
  partition.ready->on_ready();
}

// --- revocation

void Listener::handle_revoked(std::span<const TopicPartition> partitions, bool lost) {
  log(lost ? LogLevel::warning : LogLevel::info,
      fmt::format("{} / {}: {} {}", group_->id, subscription_group_->id, lost ? "lost" : "revoked",
                  describe_partitions(partitions)));
  Counters::add(counters_->revocations, partitions.size());
  std::vector<AssignedPartition*> leaving;
  for (const TopicPartition& name : partitions) {
    const auto found = partitions_.find(name);
    if (found != partitions_.end()) leaving.push_back(found->second.get());
  }
  in_rebalance_ = true;
  if (stopping_) {
    end_stopping_now(lost);
  } else if (stage_ == Stage::running) {
    end_now(leaving, FarewellKind::revoked, lost);
  }
  in_rebalance_ = false;

  const std::vector<StoredPosition> retained = retained_positions(partitions);
  const std::vector<AssignedPartition*> unread = retained_unread(partitions);
  for (AssignedPartition* partition : leaving) {
    take_apart(*partition);
    partitions_.erase(partition->name);
  }
  if (const auto unassigned = client_->unassign(partitions); !unassigned) handle_error(unassigned.error());
  client_->reposition(retained);
  for (AssignedPartition* partition : unread) start_by_policy(*partition, "nothing was read of it yet");
  look_again_soon();
  if (stop_asked_) stop(*std::exchange(stop_asked_, std::nullopt));
}

// All are being ended already; the group does not wait for the stop's deadline.
void Listener::end_stopping_now(bool lost) {
  stopping_->hurry(revocation_deadlines(clock_->now(), settings_.drain_on_revoke));
  if (lost) stopping_->lose();
  for (;;) {
    client_->serve_replies(*this);
    read_mail();
    dispatcher_.feed();
    if (stopping_->step(clock_->now())) break;
    waiter_->wait_until(std::min(stopping_->wakes_at(), clock_->now() + kLookAgain));
  }
  left_behind_ = stopping_->left_behind();
  stopping_.reset();
}

// After a rebalance: retained partitions were repositioned, and the client starts to fetch again.
void Listener::look_again_soon() {
  next_sweep_ = clock_->now();
  next_serve_ = next_sweep_;
  serve_often_until_ = next_sweep_ + kServeOften;
}

void Listener::end_now(std::vector<AssignedPartition*> partitions, FarewellKind kind, bool lost) {
  for (AssignedPartition* partition : partitions) unschedule(*partition);
  PartitionsEnding ending(std::move(partitions), kind, lost,
                          revocation_deadlines(clock_->now(), settings_.drain_on_revoke),
                          {&dispatcher_, &committer_, mailbox_, log_, [this] { read_mail(); }});
  // The listener's turn, without the client's queues: those that stay run on what they hold.
  for (;;) {
    client_->serve_replies(*this);
    read_mail();
    run_timers(clock_->now());
    dispatcher_.feed();
    if (stop_asked_) ending.hurry(stop_deadlines(clock_->now(), *stop_asked_));
    if (ending.step(clock_->now())) break;
    Time until = std::min(ending.wakes_at(), clock_->now() + kLookAgain);
    if (!timers_.empty()) until = std::min(until, timers_.begin()->first);
    waiter_->wait_until(until);
  }
  for (const std::string& left : ending.left_behind()) {
    log(LogLevel::warning, fmt::format("{} / {}: {}", group_->id, subscription_group_->id, left));
  }
}

void Listener::take_apart(AssignedPartition& partition) {
  unschedule(partition);
  if (partition.runner) {
    partition.runner->refuse();
    dispatcher_.forget(*partition.assignment);
  }
  partition.assignment->move_to(Assignment::Phase::over);
  partition.assignment->jobs()->unwatch(*mailbox_->notifier());
  partition.runner.reset();
  partition.assignment->jobs()->give_up_claim(&partition);
  partition.queue.reset();
  partition.ready->owner = nullptr;
  counters_->partitions_assigned.fetch_sub(1, std::memory_order_relaxed);
}

// --- the way out

void Listener::stop(Time deadline) {
  if (stage_ == Stage::idle) {
    finish();
    return;
  }
  const Time now = clock_->now();
  if (stage_ != Stage::running) {
    stop_deadline_ = std::min(stop_deadline_, deadline);
    if (stopping_) stopping_->hurry(stop_deadlines(now, stop_deadline_));
    return;
  }
  if (in_rebalance_) {
    // Partitions are just being ended, and go: only what is left then is the stop's.
    stop_asked_ = stop_asked_ ? std::min(*stop_asked_, deadline) : deadline;
    return;
  }
  stage_ = Stage::draining;
  stop_deadline_ = deadline;
  std::vector<AssignedPartition*> partitions;
  for (const auto& [name, partition] : partitions_) {
    unschedule(*partition);
    partitions.push_back(partition.get());
  }
  stopping_ = std::make_unique<PartitionsEnding>(
      std::move(partitions), FarewellKind::stopping, false, stop_deadlines(now, deadline),
      PartitionsEnding::Tools{&dispatcher_, &committer_, mailbox_, log_, [this] { read_mail(); }});
}

void Listener::continue_stop(Time now) {
  if (stage_ == Stage::draining) {
    if (stopping_) {
      if (!stopping_->step(now)) return;
      left_behind_ = stopping_->left_behind();
      stopping_.reset();
    }
    leave();
  }
  if (stage_ != Stage::leaving) return;
  if (!client_->closed() && now < stop_deadline_) return;
  if (!client_->closed()) left_behind_.emplace_back("the group, which was not left in time");
  finish();
}

void Listener::leave() {
  stage_ = Stage::leaving;
  client_->begin_close();
  client_signal_.on_ready();
  next_sweep_ = clock_->now() + kLookAgain;
}

void Listener::give_up(const std::string& why) {
  host_->handle_fatal(Error(Error::Kind::other, fmt::format("{} / {}: {}", group_->id, subscription_group_->id, why),
                            false, true));
  left_behind_.push_back(why);
  in_rebalance_ = false;
  stopping_.reset();
  finish();
}

void Listener::finish() {
  for (const auto& [name, partition] : partitions_) take_apart(*partition);
  partitions_.clear();
  read_mail();
  mailbox_->close();
  stage_ = Stage::finished;
}

}  // namespace braid::engine
