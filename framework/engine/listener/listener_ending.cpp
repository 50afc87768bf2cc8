// The listener's part in the group, second half: revocations and the way out.

#include "engine/listener/describe_partitions.hpp"
#include "engine/listener/listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

// At a stop: for the last hooks, behind the drain; and for the commit's answer, behind those.
constexpr auto kFarewell = 1s;
constexpr auto kCommitAnswer = 2s;
static_assert(Listener::kEnd == kFarewell + kCommitAnswer);
// At a revocation, while those that stay get nothing new: how far behind the wait that may be. What is left then is
// for taking the partitions apart, and for the client to fetch again.
constexpr auto kFarewellBehind = 100ms;
constexpr auto kAnswerBehind = 200ms;
constexpr auto kHandlerBehind = 300ms;
static_assert(kFarewellBehind < kAnswerBehind && kAnswerBehind < kHandlerBehind);
// For jobs that run at a stop that is not to wait for them; and for the last hooks, behind that.
constexpr auto kGrace = 300ms;
// How long the client is served often after a rebalance; one fetch's way there and back, with room to spare.
constexpr auto kServeOften = 200ms;
// A wait never depends on one wake-up alone.
constexpr auto kLookAgain = 100ms;
constexpr auto kLeaveLook = 10ms;

// Hooks and commit have what the jobs leave of the wait, and hardly more: what is not told by then is done again.
PartitionsEnding::Deadlines revocation_deadlines(Time now, Duration drain_on_revoke) {
  const Time drain = now + drain_on_revoke;
  return {drain, drain + kFarewellBehind, drain + kAnswerBehind, kCommitAnswer};
}

PartitionsEnding::Deadlines stop_deadlines(Time now, Time deadline) {
  const Duration all = std::max<Duration>(deadline - now, 0ms);
  // What follows the drain needs time of its own, or a drain that fills the deadline would cost the commit.
  const Duration after = std::min<Duration>(kFarewell + kCommitAnswer, all / 2);
  return {deadline - after, deadline - after * 2 / 3, deadline - after / 3, std::nullopt};
}

// Nothing new starts, and what runs is hardly waited for; but what is done should be committed.
PartitionsEnding::Deadlines deadlines_at_once(Time now, Time deadline) {
  const Duration all = std::max<Duration>(deadline - now, 0ms);
  const Duration grace = std::min<Duration>(kGrace, all / 4);
  return {now + grace, now + grace * 2, deadline - all / 4, std::nullopt};
}

}  // namespace

// --- revocation

void Listener::handle_revoked(std::span<const TopicPartition> partitions, bool lost) {
  log(lost ? LogLevel::warning : LogLevel::info,
      fmt::format("{} / {}: {} {}", group_->id, subscription_group_->id, lost ? "lost" : "revoked",
                  describe_partitions(partitions)));
  Counters::add(counters_->revocations, partitions.size());
  const Time since = clock_->now();
  // That it holds nothing says nothing of its load, until the group has given it its part again.
  if (gauge_ && lost) gauge_->joined.store(false, std::memory_order_relaxed);
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

  const std::vector<StoredPosition> retained = retained_positions(partitions);
  const std::vector<AssignedPartition*> unread = retained_unread(partitions);
  std::vector<TopicPartition> gone;
  for (AssignedPartition* partition : leaving) {
    take_apart(*partition);
    gone.push_back(partition->name);
    partitions_.erase(gone.back());
  }
  if (const auto unassigned = client_->unassign(partitions); !unassigned) handle_error(unassigned.error());
  client_->reposition(retained);
  for (AssignedPartition* partition : unread) start_by_policy(*partition, "nothing was read of it yet");
  in_rebalance_ = false;
  tell_revoked(gone, lost, since);
  look_again_soon();
  if (const auto asked = std::exchange(stop_asked_, std::nullopt))
    stop(asked->deadline, asked->kind, asked->at_once);
}

// `lost`: nothing is committed meanwhile.
Time Listener::look_again_at(bool lost) const {
  const Time now = clock_->now();
  const auto commit = lost ? std::nullopt : committers_.wakes_at(now);
  return std::min(now + kLookAgain, commit.value_or(Time::max()));
}

// All are being ended already; the group does not wait for the stop's deadline.
void Listener::end_stopping_now(bool lost) {
  stopping_->hurry(revocation_deadlines(clock_->now(), settings_.drain_on_revoke));
  if (lost) stopping_->lose();
  for (;;) {
    client_->serve_replies(*this);
    read_mail();
    turn_released();
    dispatcher_.feed();
    if (stopping_->step(clock_->now())) break;
    waiter_->wait_until(std::min(stopping_->wakes_at(), look_again_at(lost)));
  }
  note_left_behind();
}

void Listener::note_left_behind() {
  left_behind_ = stopping_->left_behind();
  left_shares_ = stopping_->left_shares();
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
                          revocation_deadlines(clock_->now(), settings_.drain_on_revoke), ending_tools());
  // The listener's turn, without the client's queues: those that stay run on what they hold.
  for (;;) {
    client_->serve_replies(*this);
    read_mail();
    turn_released();
    run_timers(clock_->now());
    dispatcher_.feed();
    if (stop_asked_) hurry(ending, *stop_asked_);
    if (ending.step(clock_->now())) break;
    Time until = std::min(ending.wakes_at(), look_again_at(lost));
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
  partition.steering->close();
  partition.assignment->move_to(Assignment::Phase::over);
  partition.assignment->jobs()->unwatch(*mailbox_->notifier());
  keep_while_it_runs(partition.assignment);
  partition.runner.reset();
  partition.former_runners.clear();
  end_commits(partition);
  if (transactions_) transactions_->end(partition.name);
  partition.assignment->jobs()->give_up_claim(&partition);
  partition.queue.reset();
  partition.ready->owner = nullptr;
  counters_->partitions_assigned.fetch_sub(1, std::memory_order_relaxed);
}

// --- the way out

PartitionsEnding::Tools Listener::ending_tools() {
  return {&dispatcher_, &committers_, mailbox_, log_, [this] { return read_mail(); }, clock_};
}

PartitionsEnding::Deadlines Listener::deadlines_of(const StopAsked& asked, Time now) {
  return asked.at_once ? deadlines_at_once(now, asked.deadline) : stop_deadlines(now, asked.deadline);
}

void Listener::hurry(PartitionsEnding& ending, const StopAsked& asked) const {
  ending.hurry(deadlines_of(asked, clock_->now()));
  if (asked.at_once) ending.drop_unstarted();
}

// The client is of no more use, but what runs here may still be finished and, unless the group has given the
// partitions away, told: where it has and we have not heard, the broker refuses the commit.
void Listener::end_failed() {
  const bool lost = failure_->kind() == Error::Kind::stale_member;
  // From here on: the client may have been served for long.
  stop(clock_->now() + settings_.drain_on_revoke + kEnd, FarewellKind::revoked);
  if (lost && stopping_) stopping_->lose();
}

void Listener::stop(Time deadline, FarewellKind kind, bool at_once) {
  if (stage_ == Stage::idle) {
    finish();
    return;
  }
  const Time now = clock_->now();
  if (stage_ != Stage::running) {
    stop_deadline_ = std::min(stop_deadline_, deadline);
    if (stopping_) hurry(*stopping_, {stop_deadline_, kind, at_once});
    return;
  }
  if (in_rebalance_) {
    // Partitions are just being ended, and go: only what is left then is the stop's.
    StopAsked asked{deadline, kind, at_once};
    if (stop_asked_) {
      asked = {std::min(stop_asked_->deadline, deadline), stop_asked_->kind, stop_asked_->at_once || at_once};
    }
    stop_asked_ = asked;
    return;
  }
  stage_ = Stage::draining;
  stop_deadline_ = deadline;
  std::vector<AssignedPartition*> partitions;
  for (const auto& [name, partition] : partitions_) {
    unschedule(*partition);
    partitions.push_back(partition.get());
  }
  stopping_ = std::make_unique<PartitionsEnding>(std::move(partitions), kind, false,
                                                 deadlines_of({deadline, kind, at_once}, now), ending_tools());
  if (at_once) stopping_->drop_unstarted();
}

void Listener::continue_stop(Time now) {
  if (stage_ == Stage::draining) {
    if (stopping_) {
      if (!stopping_->step(now)) return;
      note_left_behind();
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
  if (!failure_) failure_ = Error(Error::Kind::other, why, false, true);
  left_behind_.push_back(why);
  in_rebalance_ = false;
  stopping_.reset();
  const bool member = stage_ != Stage::idle && stage_ != Stage::finished;
  finish();
  if (member) leave_unfinished();
}

// Else the client would be a member that does nothing for as long as a message of it is out, which may be for ever.
// Whatever has failed may fail here again, and what is served then is served by itself.
void Listener::leave_unfinished() noexcept {
  const Time until = clock_->now() + kGiveUp;
  for (bool asked = false; clock_->now() < until;) {
    try {
      if (!std::exchange(asked, true)) client_->begin_close();
      client_->serve_group(*this);
      if (client_->closed()) return;
    } catch (...) {
      // The same again, perhaps.
    }
    waiter_->wait_until(std::min(until, clock_->now() + kLeaveLook));
  }
}

void Listener::finish() {
  std::vector<TopicPartition> gone;
  for (const auto& [name, partition] : partitions_) {
    take_apart(*partition);
    gone.push_back(name);
  }
  partitions_.clear();
  // The group has said nothing of them: the client has failed, or was not closed in time.
  tell_revoked(gone, true, clock_->now());
  read_mail();
  mailbox_->close();
  stage_ = Stage::finished;
}

}  // namespace braid::engine
