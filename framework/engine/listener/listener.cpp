#include "engine/listener/listener.hpp"

#include "core/assert.hpp"
#include "engine/listener/batch_runner.hpp"
#include "engine/listener/describe_partitions.hpp"

#include <braid/events.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

// Finds what a lost wake-up would leave lying, and keeps the membership alive.
constexpr Duration kSweep = 1s;
// After a rebalance, while the client starts to fetch again: see ConsumerClient::serve_group().
constexpr Duration kServeOften = 10ms;
constexpr int kMailsATurn = 1024;
constexpr Duration kMailTimeATurn = 5ms;
// So many messages, and other partitions' mails are read before more are taken.
constexpr std::size_t kMessagesAPump = 2048;

// What a mail holds is given back though its handling throws, or its messages and their client would never end.
class SettledMail {
 public:
  explicit SettledMail(const Mail& mail) : mail_(mail) {}
  ~SettledMail() { Mailbox::settle(mail_); }
  SettledMail(const SettledMail&) = delete;
  SettledMail& operator=(const SettledMail&) = delete;

 private:
  const Mail& mail_;
};

}  // namespace

Listener::Listener(Settings settings, Parts parts)
    : client_signal_(parts.mailbox->notifier()),
      settings_(std::move(settings)),
      client_(std::move(parts.client)),
      mailbox_(std::move(parts.mailbox)),
      pool_(std::move(parts.pool)),
      jobs_(std::move(parts.jobs)),
      limits_(std::move(parts.limits)),
      counters_(std::move(parts.counters)),
      routes_(std::move(parts.routes)),
      group_(parts.group),
      subscription_group_(parts.subscription_group),
      clock_(parts.clock),
      waiter_(parts.waiter),
      log_(parts.log),
      host_(parts.host),
      stores_(std::move(parts.stores)),
      letters_(std::move(parts.letters)),
      recovery_(std::move(parts.recovery)),
      gauge_(std::move(parts.gauge)),
      facts_(std::move(parts.facts)),
      balances_(std::move(parts.balances)),
      started_at_(clock_->now()),
      dispatcher_(pool_, mailbox_->notifier()),
      next_sweep_(started_at_),
      next_serve_(next_sweep_) {
  if (!recovery_) {
    recovery_ = std::make_shared<RecoveryTools>(RecoveryTools{
        .now = [clock = clock_] { return clock->now(); },
        .warn = [log = log_](std::string_view text) { log->write(LogLevel::warning, "worker", text); }});
  }
  if (parts.transactions) {
    transactions_ = std::make_unique<TransactionalPositions>(*client_, std::move(parts.transactions), mailbox_);
  }
  for (const routing::Topic& topic : subscription_group_->topics) {
    if (topic.is_pattern) {
      patterns_.push_back({routing::TopicPattern(topic.name), &topic});
    } else {
      add_lane(topic.name, topic);
    }
  }
}

Listener::~Listener() {
  BRAID_ASSERT(stage_ == Stage::idle || stage_ == Stage::finished, "a listener ends only after stop()");
  finish();
}

Result<void> Listener::connect() {
  owned_.check();
  auto subscribed = subscribe();
  if (!subscribed) return subscribed;
  stage_ = Stage::running;
  facts_->answers.store(true, std::memory_order_release);
  return subscribed;
}

Result<void> Listener::subscribe() {
  std::vector<std::string> topics;
  for (const routing::Topic& topic : subscription_group_->topics) topics.push_back(topic.name);
  return client_->subscribe(topics, client_signal_);
}

void Listener::turn() {
  owned_.check();
  const Time now = clock_->now();
  // The group first: what follows may restart a partition, which the client takes for the answer to a rebalance
  // that waits to be served.
  serve_client(now);
  if (failure_ && stage_ == Stage::running) end_failed();
  if (now >= next_sweep_) sweep(now);
  if (now >= next_overrun_look_) watch_overruns(now);
  if (away_) come_back();
  if (std::exchange(seeks_wait_, false)) seek_where_asked();
  if (std::exchange(anew_waits_, false)) begin_anew_where_due();
  read_mail();
  turn_released();
  run_timers(now);
  dispatcher_.feed();
  if (stage_ == Stage::running) {
    ask_positions(now);
    committers_.turn(now);
    turn_released();
    if (quiet_) look_whether_settled(now);
  } else {
    continue_stop(now);
  }
}

Time Listener::wakes_at() const {
  const Time now = clock_->now();
  Time at = std::min({next_sweep_, next_serve_, next_overrun_look_});
  if (!timers_.empty()) at = std::min(at, timers_.begin()->first);
  if (stage_ == Stage::running || stopping_) {
    if (const auto commit = committers_.wakes_at(now)) at = std::min(at, *commit);
  }
  if (stopping_) at = std::min(at, stopping_->wakes_at());
  if (stage_ == Stage::leaving) at = std::min(at, stop_deadline_);
  return at;
}

void Listener::serve_client(Time now) {
  if (!client_signal_.lower() && now < next_serve_) return;
  next_serve_ = now + (now < serve_often_until_ ? kServeOften : kSweep);
  // The group first: an answer may change the assignment, which must not come between a rebalance that waits and
  // its handler.
  client_->serve_group(*this);
  client_->serve_replies(*this);
}

void Listener::sweep(Time now) {
  restart_one_again();
  for (const auto& [name, partition] : partitions_) {
    pump(*partition);
    if (partition->runner) partition->runner->tidy(now);
    for (const auto& former : partition->former_runners) former->watch_tickets(now);
  }
  if (gauge_) measure();
  measure_partitions(now);
  if (stage_ == Stage::running) {
    watch_stalls(now);
    watch_overruns(now);
  }
  // From here on, since it may have waited for a broker.
  next_sweep_ = clock_->now() + kSweep;
}

// What lies in the client's queues counts as waiting: another connection would fetch it likewise.
void Listener::measure() {
  std::uint64_t waiting = 0;
  for (const auto& [name, partition] : partitions_) {
    // What a consumer holds back no other connection would take either.
    if (partition->steering->held()) continue;
    const auto expected = partition->runner ? partition->runner->expected() : std::nullopt;
    const auto end = partition->queue ? partition->queue->backlog().end : std::nullopt;
    if (expected && end && end->value > expected->value) {
      waiting += static_cast<std::uint64_t>(end->value - expected->value);
    }
  }
  gauge_->waiting.store(waiting, std::memory_order_relaxed);
  gauge_->partitions.store(static_cast<std::uint32_t>(partitions_.size()), std::memory_order_relaxed);
}

bool Listener::read_mail() {
  // Busy workers can write as fast as we read; the client, the timers and the commits must have their turn too.
  const Time until = clock_->now() + kMailTimeATurn;
  for (int read = 0; read < kMailsATurn && (read % 16 != 15 || clock_->now() < until); ++read) {
    const auto mail = mailbox_->take();
    if (!mail) return true;
    const SettledMail settled(*mail);
    handle(*mail);
  }
  mailbox_->wake();
  return false;
}

AssignedPartition* Listener::owner_of(const RunningBatch& batch) {
  // By the assignment's identity: what comes late belongs to none that we have.
  const auto found = partitions_.find(batch.assignment().partition());
  if (found == partitions_.end() || found->second->assignment.get() != &batch.assignment()) return nullptr;
  return found->second->runner ? found->second.get() : nullptr;
}

void Listener::handle(const Mail& mail) {
  const Time now = clock_->now();
  switch (mail.kind) {
    case Mail::Kind::partition_ready:
      if (mail.flag->owner != nullptr) pump(*static_cast<AssignedPartition*>(mail.flag->owner));
      // A partition that can't be pumped now is swept later; its flag must not swallow what comes until then.
      mail.flag->lower();
      return;
    case Mail::Kind::share_open:
      if (AssignedPartition* partition = owner_of(mail.share->batch())) {
        partition->runner->handle_open(*mail.share, now);
        pump(*partition);
      }
      return;
    case Mail::Kind::letter_answered:
      handle(*mail.letter);
      return;
    case Mail::Kind::share_held:
      if (AssignedPartition* partition = owner_of(mail.share->batch())) {
        partition->runner->handle_held(*mail.share);
        pump(*partition);
      }
      return;
    case Mail::Kind::batch_settled:
      if (AssignedPartition* partition = owner_of(*mail.batch)) {
        partition->runner->handle_settled(*mail.batch);
        pump(*partition);
      }
      return;
    case Mail::Kind::shares_unsent:
      if (AssignedPartition* partition = owner_of(*mail.batch)) partition->runner->handle_unsent(*mail.batch);
      return;
    case Mail::Kind::command:
      obey(*mail.command);
      return;
    case Mail::Kind::commit_wanted:
      handle(*mail.request);
      return;
    case Mail::Kind::store_answered:
      handle(*mail.answer);
      return;
  }
}

void Listener::pump(AssignedPartition& partition) {
  // Before we look at what consumers ask for: who asks behind that raises it again.
  partition.ready->lower();
  obey(partition, clock_->now());
  if (partition.stage == AssignedPartition::Stage::waiting_for_jobs) begin(partition);
  if (partition.stage != AssignedPartition::Stage::running) {
    // What still settles may be waited for.
    partition.lane->committer->look(partition);
    return;
  }
  pump_queue(partition);
  schedule(partition);
  partition.lane->committer->look(partition);
}

void Listener::pump_queue(AssignedPartition& partition) {
  const Time now = clock_->now();
  std::size_t taken = 0;
  for (bool more = true; more && partition.stage == AssignedPartition::Stage::running;) {
    more = false;
    const bool had_room = may_take() && partition.runner->has_room();
    if (had_room) {
      const TakeReport report = partition.runner->take(*partition.queue, now);
      taken += report.messages;
      more = report.more && taken < kMessagesAPump;
      if (report.more && !more) partition.ready->on_ready();
      if (report.messages > 0) note_well("messages of ", partition.name.topic);
      if (report.no_stored_position || report.out_of_range || report.error) handle_trouble(partition, report);
    }
    if (!partition.runner) return;
    partition.runner->turn(now);
    // What it handed over may have made room, of which nobody else will tell.
    if (!had_room && may_take() && partition.runner->has_room()) more = true;
  }
}

void Listener::handle_trouble(AssignedPartition& partition, const TakeReport& report) {
  // Of a topic whose positions are kept elsewhere the group never has one.
  const bool nothing_to_know = report.no_stored_position && partition.lane->store != client_.get();
  if (report.out_of_range || nothing_to_know) {
    start_again(partition);
    return;
  }
  if (report.no_stored_position) {
    start_by_policy(partition, "the group has no position for it");
    return;
  }
  // Of a topic that is gone handle_error() tells, and the group takes it away.
  if (report.error->kind() == Error::Kind::unknown_topic) return;
  // The client tries again by itself. Its partitions have the same trouble.
  (void)note_trouble("messages of " + partition.name.topic, *report.error, clock_->now());
}

void Listener::run_timers(Time now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    AssignedPartition& partition = *timers_.begin()->second;
    unschedule(partition);
    pump(partition);
  }
  // Nobody says which partition's earlier jobs have returned; there are few, and seldom.
  for (const auto& [name, partition] : partitions_) {
    if (partition->stage == AssignedPartition::Stage::waiting_for_jobs) pump(*partition);
  }
}

void Listener::schedule(AssignedPartition& partition) {
  auto at = partition.runner ? partition.runner->wakes_at() : std::nullopt;
  if (const auto resumes = partition.steering->wakes_at()) at = at ? std::min(*at, *resumes) : resumes;
  if (at == partition.timer) return;
  unschedule(partition);
  partition.timer = at;
  if (at) timers_.emplace(*at, &partition);
}

void Listener::unschedule(AssignedPartition& partition) {
  if (partition.timer) timers_.erase({*partition.timer, &partition});
  partition.timer.reset();
}

void Listener::handle_committed(std::uint64_t token, const CommitOutcome& outcome) {
  committers_.of(*client_)->handle_committed(token, outcome, clock_->now());
}

void Listener::handle(const LetterAnswer& answer) {
  const auto found = partitions_.find(answer.partition);
  if (found == partitions_.end() || !found->second->runner) return;
  found->second->runner->handle_letter(answer, clock_->now());
  pump(*found->second);
}

void Listener::handle(CommitRequest& request) {
  const auto found = partitions_.find(request.assignment().partition());
  AssignedPartition* const partition = found == partitions_.end() ? nullptr : found->second.get();
  const bool lives = partition != nullptr && partition->assignment.get() == &request.assignment() &&
                     partition->commits && request.assignment().phase() != Assignment::Phase::over;
  if (!lives) {
    request.answer_ended();
    return;
  }
  if (partition->assignment->transaction()) {
    request.answer(
        Error(Error::Kind::other,
              "commit: the topic is exactly_once, and its positions are committed with its transactions"));
    return;
  }
  partition->lane->committer->request(*partition, request);
}

// Commits were acknowledged that runners waited for.
void Listener::turn_released() {
  if (!committers_.take_released()) return;
  for (const auto& [name, partition] : partitions_) {
    if (std::exchange(partition->released, false)) pump(*partition);
  }
}

void Listener::end_commits(AssignedPartition& partition) {
  partition.requests.answer_ended();
  partition.commits.reset();
  partition.released = false;
}

void Listener::handle_error(const Error& error) {
  LogLevel level = error.retriable() ? LogLevel::warning : LogLevel::error;
  // Who drives this listener asks for its failure(), and says it; once is enough.
  if (error.fatal()) level = LogLevel::debug;
  log(level, fmt::format("{} / {}: {}", group_->id, subscription_group_->id, error.text()));
  if (!error.fatal()) tell_error(events::ErrorType::client, error, {});
  if (error.fatal() && !failure_) failure_ = error;
}

}  // namespace braid::engine
