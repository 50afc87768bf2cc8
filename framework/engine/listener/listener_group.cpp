// The listener's part in the group, first half: assignments and where they start.

#include "core/offsets/gap_codec.hpp"
#include "core/offsets/offset_ranges.hpp"
#include "engine/listener/batch_runner.hpp"
#include "engine/listener/continuous_runner.hpp"
#include "engine/listener/describe_partitions.hpp"
#include "engine/listener/listener.hpp"

#include <braid/events.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto kPositionRetry = 1s;

const char* place_of(routing::InitialOffset policy) {
  switch (policy) {
    case routing::InitialOffset::latest:
      return "the latest offset";
    case routing::InitialOffset::by_duration:
      return "the first message that is young enough";
    default:
      return "the earliest offset";
  }
}

StartPoint start_of(const routing::Topic& topic, std::chrono::system_clock::time_point now) {
  // What shares store in an offset store needs a position to go with.
  const bool as_a_number = topic.commit.when == routing::Commit::When::external;
  StartPoint start{.as_a_number = as_a_number, .by_policy = true};
  if (topic.initial_offset == routing::InitialOffset::latest) start.kind = StartPoint::Kind::latest;
  if (topic.initial_offset == routing::InitialOffset::by_duration) {
    start.kind = StartPoint::Kind::time;
    start.time = now - topic.initial_age;
  }
  return start;
}

// The client does not know, or not in time, where it begins.
bool elsewhere(const AssignedPartition& partition) {
  return partition.lane->topic->commit.when == routing::Commit::When::external ||
         partition.lane->topic->delivery == routing::Delivery::exactly_once;
}

}  // namespace

// --- assignment

const std::shared_ptr<ReadyFlag>& Listener::flag_of(const TopicPartition& name) {
  auto& flag = flags_[name];
  if (!flag) flag = std::make_shared<ReadyFlag>(mailbox_);
  return flag;
}

void Listener::add(const TopicPartition& name) {
  auto partition = std::make_unique<AssignedPartition>();
  partition->name = name;
  partition->lane = lane_of(name.topic);
  partition->ready = flag_of(name).get();
  partition->ready->owner = partition.get();
  partition->queue = client_->open(name, *partition->ready);
  partition->steering = std::make_shared<Steering>(flag_of(name));
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
  partition.taken = {};
  partition.assignment = std::make_shared<Assignment>(Assignment::Parts{
      .topic = partition.lane->topic,
      .partition = partition.name,
      .generation = jobs_->next_generation(),
      .max_partitions = partition.lane->max_partitions,
      .messages = partition.queue->owner(),
      .jobs = jobs_->of(group_->id, partition.name),
      .counters = counters_,
      .routes = routes_,
      .caps = partition.lane->caps,
      .commit_metadata_bytes = settings_.commit_metadata_bytes,
      .steering = partition.steering,
      .group = group_->id,
      .recovery = recovery_,
      .transaction = partition.lane->transactions ? transactions_->begin(partition.name) : nullptr,
      .refused =
          partition.refused.empty() ? nullptr : std::make_shared<const core::RefusedMessages>(partition.refused),
  });
}

void Listener::begin_commits(AssignedPartition& partition) const {
  const TopicLane& lane = *partition.lane;
  partition.commits.emplace(lane.topic->commit, lane.commit_interval, started_at_, lane.transactions);
}

void Listener::handle_assigned(std::span<const TopicPartition> partitions) {
  log(LogLevel::info,
      fmt::format("{} / {}: assigned {}", group_->id, subscription_group_->id, describe_partitions(partitions)));
  Counters::add(counters_->assignments, partitions.size());
  if (gauge_) gauge_->joined.store(!quiet_, std::memory_order_relaxed);
  const std::vector<StoredPosition> retained = retained_positions({});
  const std::vector<AssignedPartition*> unread = retained_unread({});
  for (const TopicPartition& name : partitions) {
    if (stage_ != Stage::finished && lane_of(name.topic) != nullptr && !partitions_.contains(name)) add(name);
  }
  if (const auto assigned = client_->assign(partitions); !assigned) handle_error(assigned.error());
  client_->reposition(retained);
  in_rebalance_ = true;
  for (AssignedPartition* partition : unread) start_by_policy(*partition, "nothing was read of it yet");
  in_rebalance_ = false;
  tell_assigned(partitions);
  look_again_soon();
}

std::vector<StoredPosition> Listener::retained_positions(std::span<const TopicPartition> leaving) const {
  std::vector<StoredPosition> retained;
  for (const auto& [name, partition] : partitions_) {
    if (std::find(leaving.begin(), leaving.end(), name) != leaving.end()) continue;
    if (partition->runner && partition->runner->expected()) {
      retained.push_back({name, partition->runner->expected(), {}});
    } else if (partition->stage == AssignedPartition::Stage::waiting_for_jobs &&
               (elsewhere(*partition) || partition->sought)) {
      // The client can't ask the group for it.
      if (partition->start.position) retained.push_back({name, partition->start.position, {}});
    }
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
  // In the order of partitions: by address, one seed of the simulation would run in two ways.
  std::vector<std::pair<PositionStore*, std::vector<TopicPartition>>> wanted;
  for (const auto& [name, partition] : partitions_) {
    if (partition->stage != AssignedPartition::Stage::reading_position) continue;
    if (partition->ask_position_at && *partition->ask_position_at <= now) {
      PositionStore* const store = partition->lane->store;
      const auto goes_along = [&](const auto& each) { return each.first == store && !store->apart(); };
      auto found = std::find_if(wanted.begin(), wanted.end(), goes_along);
      if (found == wanted.end()) found = wanted.insert(found, {store, {}});
      found->second.push_back(name);
    }
  }
  for (const auto& [store, names] : wanted) {
    const std::uint64_t token = ++last_position_token_;
    for (const TopicPartition& name : names) {
      AssignedPartition& partition = *partitions_[name];
      partition.ask_position_at.reset();
      partition.position_token = token;
    }
    store->read_positions(names, token);
  }
}

void Listener::handle_positions(std::uint64_t token, Result<std::vector<StoredPosition>> positions) {
  std::vector<AssignedPartition*> waiting;
  for (const auto& [name, partition] : partitions_) {
    const bool waits = partition->stage == AssignedPartition::Stage::reading_position &&
                       !partition->ask_position_at && partition->position_token == token;
    if (waits) waiting.push_back(partition.get());
  }
  const Time now = clock_->now();
  Time again = now + kPositionRetry;
  if (!positions) {
    if (!waiting.empty()) {
      const Duration pause = note_trouble("stored positions", positions.error(), now);
      if (positions.error().kind() == Error::Kind::not_authorized) again = now + pause;
    }
    for (AssignedPartition* partition : waiting) partition->ask_position_at = again;
    return;
  }
  note_well("stored positions", {});
  for (AssignedPartition* partition : waiting) {
    const auto found =
        std::find_if(positions.value().begin(), positions.value().end(),
                     [&](const StoredPosition& stored) { return stored.partition == partition->name; });
    if (found == positions.value().end()) {
      // Not said is not "none": a partition never starts by policy because an answer was incomplete.
      partition->ask_position_at = again;
    } else if (found->trouble) {
      // Of its topic; others go on.
      partition->ask_position_at =
          now + note_trouble("positions of " + found->partition.topic, *found->trouble, now);
    } else if (in_rebalance_ && (!found->position || elsewhere(*partition))) {
      // A restart within the handler would be taken for its answer.
      partition->ask_position_at = clock_->now();
    } else if (found->position) {
      // The client reads from where the group is, of which such a topic knows nothing.
      if (elsewhere(*partition) && !restart(*partition, {StartPoint::Kind::at, *found->position})) {
        partition->restart_pending.reset();
        partition->ask_position_at = again;
        continue;
      }
      note_well("positions of ", found->partition.topic);
      take_stored(*partition, *found);
      begin(*partition);
    } else {
      note_well("positions of ", found->partition.topic);
      start_by_policy(*partition, "the group has no position for it");
    }
  }
}

// What the world refuses again and again is said once.
Duration Listener::note_trouble(const std::string& about, const Error& error, Time now) {
  core::RepeatedTrouble& trouble = troubles_[about];
  // By its kind: the text may name a partition.
  if (trouble.fails(fmt::format("{}", static_cast<int>(error.kind())), now)) {
    log(error.retriable() ? LogLevel::warning : LogLevel::error,
        fmt::format("{} / {}: {} can't be read: {}; tried again now and then", group_->id, subscription_group_->id,
                    about, error.text()));
    tell_error(events::ErrorType::position, error, about);
  }
  return trouble.pause();
}

void Listener::note_well(std::string_view what, std::string_view topic) {
  if (troubles_.empty()) return;
  const std::string about = fmt::format("{}{}", what, topic);
  if (troubles_.erase(about) == 0) return;
  log(LogLevel::info, fmt::format("{} / {}: {} can be read again", group_->id, subscription_group_->id, about));
}

// What the group has stored besides the position only saves work: without it more is repeated, and no less done.
void Listener::take_stored(AssignedPartition& partition, const StoredPosition& stored) {
  core::DecodedGaps gaps = core::decode_gaps(stored.metadata, *stored.position);
  if (gaps.verdict != core::DecodedGaps::Verdict::good) {
    const bool foreign = gaps.verdict == core::DecodedGaps::Verdict::foreign;
    log(LogLevel::warning,
        fmt::format(
            "{} / {}: {}/{}: the metadata of the stored position {} is {}; it is ignored, and what was done "
            "beyond the position is done again",
            group_->id, subscription_group_->id, partition.name.topic, partition.name.partition.value,
            stored.position->value, foreign ? "another program's" : "damaged, or another position's"));
  }
  gaps.done.insert(gaps.done.end(), stored.done.begin(), stored.done.end());
  partition.start = {stored.position, core::in_order(std::move(gaps.done), *stored.position)};
  partition.stored = stored.position;
  partition.refused.passed(*stored.position);
  partition.assignment->commit_text().start_with(std::move(gaps.user_text));
}

// Whatever moves a position starts a new generation: what still runs of this one counts no more. Its consumers hear
// that it is lost, before the new one's are made.
void Listener::begin_next_generation(AssignedPartition& partition) {
  partition.runner->refuse();
  dispatcher_.forget(*partition.assignment);
  partition.assignment->move_to(Assignment::Phase::over);
  keep_while_it_runs(partition.assignment);
  unschedule(partition);
  std::make_shared<FarewellRound>(partition.assignment, FarewellKind::revoked)->send(dispatcher_);
  partition.former_runners.push_back(std::move(partition.runner));
  end_commits(partition);
  begin_generation(partition);
  partition.begins_anew.reset();
  partition.target.reset();
}

void Listener::start_by_policy(AssignedPartition& partition, const char* why) {
  const routing::InitialOffset policy = partition.lane->topic->initial_offset;
  partition.refused = {};
  if (partition.runner) begin_next_generation(partition);
  partition.start = {};
  partition.stored.reset();
  if (policy == routing::InitialOffset::fail) {
    partition.stage = AssignedPartition::Stage::ending;
    host_->handle_fatal(Error(Error::Kind::other,
                              fmt::format("{}/{}: {}, and initial_offset is `fail`; set a position for the group, "
                                          "or `earliest` or `latest`",
                                          partition.name.topic, partition.name.partition.value, why)));
    return;
  }
  log(LogLevel::debug, fmt::format("{} / {}: {}/{} starts at {}: {}", group_->id, subscription_group_->id,
                                   partition.name.topic, partition.name.partition.value, place_of(policy), why));
  const StartPoint start = start_of(*partition.lane->topic, clock_->wall());
  if (in_rebalance_ && (start.kind != StartPoint::Kind::earliest || start.as_a_number)) {
    // A leader is asked for that, and may be away, and the partitions that stay would wait for it: with the next
    // sweeps.
    partition.restart_pending = start;
  } else {
    partition.start.position = restart(partition, start);
  }
  begin(partition);
}

// Returns where it starts, if that is known. What fails is tried again with the next sweep.
std::optional<CommitPosition> Listener::restart(AssignedPartition& partition, StartPoint start) {
  const auto restarted = client_->restart_at(partition.name, start);
  partition.restart_pending = restarted ? std::nullopt : std::optional<StartPoint>(start);
  if (restarted) return restarted.value();
  handle_error(restarted.error());
  return std::nullopt;
}

// The client says that where it was reading is not in the log. It may have been elsewhere than it should: unless
// this is the second time, it is sent to where it should be, since starting by policy repeats or skips messages.
void Listener::start_again(AssignedPartition& partition) {
  const auto expected = partition.runner ? partition.runner->expected() : std::nullopt;
  if (expected && expected != partition.sent_to) {
    partition.sent_to = expected;
    restart(partition, {StartPoint::Kind::at, *expected});
    return;
  }
  start_by_policy(partition, "its position is not in the log any more");
}

// A generation starts nothing before every job of the partition's earlier ones has returned, and another connection
// of ours that had the partition has let go of it.
void Listener::begin(AssignedPartition& partition) {
  partition.stage = AssignedPartition::Stage::waiting_for_jobs;
  // The client still reads where it read before; begun with the sweep in which it does not.
  if (partition.restart_pending) return;
  PartitionJobs& jobs = *partition.assignment->jobs();
  const auto free = [&] { return jobs.claim(&partition) && jobs.idle(); };
  if (!free()) {
    jobs.watch(mailbox_->notifier());
    if (!free()) return;  // asked again when they have returned, and with each sweep
  }
  jobs.unwatch(*mailbox_->notifier());
  partition.former_runners.clear();
  run(partition);
}

void Listener::run(AssignedPartition& partition) {
  if (!partition.sought) begin_commits(partition);
  partition.sought = false;
  tell_started(partition);
  if (partition.stored) partition.commits->stored(core::CommitContent::of(*partition.stored));
  if (partition.lane->topic->commit.when == routing::Commit::When::external) {
    const auto& store = static_cast<const ExternalPositions&>(*partition.lane->store);
    partition.assignment->begin_in_store({.store = &store,
                                          .epoch = store.epoch_of(partition.name),
                                          .begins_at = partition.stored ? std::nullopt : partition.start.position});
  }
  RunnerTools tools{
      .split = &partition.lane->split,
      .dispatcher = &dispatcher_,
      .mailbox = mailbox_,
      .pool = pool_,
      .log = log_,
      .bytes = &limits_->bytes(),
      .ready = flag_of(partition.name),
      .commits = &*partition.commits,
      .balance = partition.lane->balance.get(),
      .letters = partition.assignment->transaction() ? partition.assignment->transaction() : letters_.get(),
      .fatal = [this](const Error& error) { host_->handle_fatal(error); },
      .clock = clock_};
  if (partition.lane->topic->flow == routing::Flow::continuous) {
    partition.runner = std::make_unique<ContinuousRunner>(partition.assignment, std::exchange(partition.start, {}),
                                                          std::move(tools));
  } else {
    partition.runner =
        std::make_unique<BatchRunner>(partition.assignment, std::exchange(partition.start, {}), std::move(tools));
  }
  partition.stage = AssignedPartition::Stage::running;
  if (quiet_) partition.runner->hasten();
  partition.lane->committer->look(partition);
  // What came before we listened has raised no flag since.
  partition.ready->on_ready();
}

}  // namespace braid::engine
