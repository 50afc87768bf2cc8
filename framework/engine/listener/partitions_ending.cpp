#include "engine/listener/partitions_ending.hpp"

#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace braid::engine {

namespace {

// Jobs in user code that began before the drain was over, however early that was. What is counted inside beside
// these has not begun, or is one of the last hooks.
std::uint32_t count_overran(Assignment& assignment, Time drained) {
  return static_cast<std::uint32_t>(std::ranges::count_if(assignment.slots(), [&](const ConsumerSlot& slot) {
    const auto run = slot.note().read();
    return run && run->since < drained;
  }));
}

}  // namespace

PartitionsEnding::PartitionsEnding(std::vector<AssignedPartition*> partitions, FarewellKind kind, bool lost,
                                   Deadlines deadlines, Tools tools)
    : partitions_(std::move(partitions)),
      kind_(kind),
      lost_(lost),
      deadlines_(deadlines),
      tools_(std::move(tools)) {
  for (AssignedPartition* partition : partitions_) {
    // On revocation what has not started never starts; on stop what was handed over is still finished. Phase first:
    // an armed batch that a worker starts just now returns without having run.
    if (lost_) {
      partition->assignment->move_to(Assignment::Phase::over);
    } else if (kind_ == FarewellKind::revoked) {
      partition->assignment->move_to(Assignment::Phase::ending);
    }
    partition->stage = AssignedPartition::Stage::ending;
    partition->assignment->jobs()->watch(tools_.mailbox->notifier());
    if (partition->runner) partition->runner->refuse();
    if (lost_ || kind_ == FarewellKind::revoked) tools_.dispatcher->forget(*partition->assignment);
  }
}

PartitionsEnding::~PartitionsEnding() {
  for (AssignedPartition* partition : partitions_) {
    partition->assignment->jobs()->unwatch(*tools_.mailbox->notifier());
  }
}

// Jobs write their mail before they return, so once all are back their mail is in the box, and it may bring shares
// that had found no room in the pool.
bool PartitionsEnding::quiet() const {
  return idle() && tools_.read_mail() && idle();
}

// Behind the drain, what overran it is not waited for any more: the group, and the partitions that stay, would wait
// for the last hooks of something that says them itself when it returns. But coroutines were cancelled then, and
// return.
bool PartitionsEnding::idle() const {
  for (const AssignedPartition* partition : partitions_) {
    if (!partition->has_started()) continue;
    if (tools_.dispatcher->holds_of(*partition->assignment)) return false;
    // First what is inside: who has left since is not among those that overran either.
    const std::uint32_t inside = partition->assignment->jobs()->inside();
    const bool only_overran = stage_ == Stage::farewell && !partition->assignment->topic().asynchronous &&
                              inside <= count_overran(*partition->assignment, drained_);
    if (!partition->assignment->jobs()->idle() && !only_overran) return false;
  }
  return true;
}

void PartitionsEnding::drop_unstarted() {
  for (AssignedPartition* partition : partitions_) {
    if (partition->assignment->may_start()) partition->assignment->move_to(Assignment::Phase::ending);
    if (stage_ == Stage::draining) tools_.dispatcher->forget(*partition->assignment);
  }
}

void PartitionsEnding::hurry(const Deadlines& deadlines) {
  deadlines_.drain = std::min(deadlines_.drain, deadlines.drain);
  deadlines_.farewell = std::min(deadlines_.farewell, deadlines.farewell);
  deadlines_.commit = std::min(deadlines_.commit, deadlines.commit);
  if (deadlines.commit_within) deadlines_.commit_within = deadlines.commit_within;
}

void PartitionsEnding::lose() {
  lost_ = true;
  for (AssignedPartition* partition : partitions_) {
    partition->assignment->move_to(Assignment::Phase::over);
    tools_.dispatcher->forget(*partition->assignment);
  }
  if (stage_ == Stage::committing) stage_ = Stage::done;
}

bool PartitionsEnding::step(Time now) {
  // From the beginning: a job may wait for a commit, and is not done before it is answered.
  if (!lost_) tools_.committers->turn(now);
  if (stage_ == Stage::draining) {
    if (!quiet() && now < deadlines_.drain) return false;
    drained_ = now;
    say_farewell();
    stage_ = Stage::farewell;
  }
  if (stage_ == Stage::farewell) {
    if (!quiet() && now < deadlines_.farewell) return false;
    close_books();
    stage_ = lost_ ? Stage::done : Stage::committing;
    for (const AssignedPartition* partition : partitions_) {
      const Committer* const committer = partition->lane->committer;
      sent_before_[committer] = committer->sent_so_far();
    }
    if (deadlines_.commit_within) deadlines_.commit = std::min(deadlines_.commit, now + *deadlines_.commit_within);
  }
  if (stage_ == Stage::committing) {
    tools_.committers->turn(now);
    bool clean = true;
    bool waits = false;
    for (const AssignedPartition* partition : partitions_) {
      if (partition->lane->committer->clean(*partition)) continue;
      clean = false;
      waits |= !hopeless(*partition);
    }
    if (waits && now < deadlines_.commit) return false;
    if (!clean) {
      for (const AssignedPartition* partition : partitions_) {
        if (!partition->lane->committer->clean(*partition)) partition->lane->committer->give_up();
      }
      left_behind_.emplace_back("positions that were not acknowledged in time; their messages are processed again");
    }
    stage_ = Stage::done;
  }
  return true;
}

bool PartitionsEnding::hopeless(const AssignedPartition& partition) const {
  const Committer* const committer = partition.lane->committer;
  return committer->stale_after(partition.name, sent_before_.at(committer));
}

Time PartitionsEnding::wakes_at() const {
  switch (stage_) {
    case Stage::draining:
      return deadlines_.drain;
    case Stage::farewell:
      return deadlines_.farewell;
    case Stage::committing:
    case Stage::done:
      break;
  }
  return deadlines_.commit;
}

void PartitionsEnding::say_farewell() {
  for (AssignedPartition* partition : partitions_) {
    // What waited for the pool until now is given up; hooks are last.
    partition->assignment->move_to(lost_ ? Assignment::Phase::over : Assignment::Phase::ending);
    tools_.dispatcher->forget(*partition->assignment);
    auto round = std::make_shared<FarewellRound>(partition->assignment, kind_);
    round->send(*tools_.dispatcher);
    rounds_.push_back(std::move(round));
  }
}

void PartitionsEnding::close_books() {
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    AssignedPartition& partition = *partitions_[i];
    const std::uint32_t overran = partition.has_started() ? partition.assignment->jobs()->inside() : 0;
    if (overran > 0) {
      left_behind_.push_back(fmt::format("{}/{}: {} jobs still in user code; their messages are processed again{}",
                                         partition.name.topic, partition.name.partition.value, overran,
                                         name_those_left(partition)));
    } else {
      for (const auto& failure : rounds_[i]->failures()) {
        tools_.log->write(LogLevel::warning, "partition",
                          fmt::format("{}/{}: the last hook failed: {}", partition.name.topic,
                                      partition.name.partition.value, describe_failure(failure)));
      }
    }
    partition.assignment->move_to(Assignment::Phase::over);
    if (partition.runner) partition.runner->fold();
    partition.lane->committer->end(partition);
  }
}

// Asked before the runner lets go of what it knows.
std::string PartitionsEnding::name_those_left(AssignedPartition& partition) {
  const Time now = tools_.clock->now();
  RunnerSight sight;
  if (partition.runner) {
    partition.runner->see(sight);
  } else {
    see_slots(*partition.assignment, sight.work);
  }
  std::string words;
  for (WorkSight& work : sight.work) {
    if (!work.since) continue;
    words += (words.empty() ? ": " : "; ") + describe_work(work, now);
    left_shares_.push_back(
        {partition.name, work.index, work.first, work.last, std::move(work.key), now - *work.since});
  }
  return words;
}

}  // namespace braid::engine
