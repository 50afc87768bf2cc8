#include "engine/listener/batch_runner.hpp"

#include "core/assert.hpp"
#include "engine/listener/runner_log.hpp"
#include "engine/listener/tell.hpp"

#include <algorithm>
#include <utility>

namespace braid::engine {

namespace {

core::BatchFlow::Settings flow_settings(Assignment& assignment, const core::PartitionCommits& commits) {
  const routing::Topic& topic = assignment.topic();
  return {.max_messages = topic.max_messages,
          .max_wait = topic.max_wait,
          // A worker that starts a batch takes no credits.
          .arms = !assignment.caps().any() && !commits.one_batch_at_a_time()};
}

}  // namespace

BatchRunner::BatchRunner(std::shared_ptr<Assignment> assignment, core::PartitionOffsets::Start start,
                         RunnerTools tools)
    : assignment_(std::move(assignment)),
      tools_(std::move(tools)),
      flow_(flow_settings(*assignment_, *tools_.commits)),
      offsets_(std::move(start), assignment_->topic().max_window),
      share_offsets_(make_share_offsets(*assignment_, offsets_, true)),
      after_(assignment_, tools_, offsets_, *share_offsets_, *this),
      placement_(core::make_placement(assignment_->topic().virtual_partitions, assignment_->max_partitions())),
      intake_(*assignment_, offsets_, *tools_.bytes),
      filters_(PartitionFilters::make(*assignment_, offsets_, intake_, tools_, true)),
      copies_(*assignment_),
      tickets_(*assignment_, *tools_.log),
      waiting_(tools_.balance->gauge()),
      hooks_(PartitionHooks::make(assignment_, tools_)),
      // One runs, one gathers, and one is about to.
      shelf_([this] { return BatchPtr(new RunningBatch(assignment_, tools_.mailbox, tools_.pool)); },
             {.batches = 2}),
      gathering_(shelf_.fresh()) {
  const core::RefusedMessages* const refused = assignment_->refused();
  alone_through_ = refused != nullptr ? refused->alone_through() : std::nullopt;
  if (!alone_through_) return;
  flow_.take_at_most(1);
  tools_.commits->alone_through(*alone_through_);
}

BatchRunner::~BatchRunner() {
  // A batch that is armed behind one that still runs would be started by a worker though nobody holds it.
  BRAID_ASSERT(!flow_.is_armed(), "a runner ends only after refuse()");
  assignment_->messages().release(held_back_);
}

// How large the next messages are is only known behind the take, so one of them may pass the bound in bytes; and
// who holds nothing may always take one, or partitions that are full would keep it waiting.
std::size_t BatchRunner::room() const {
  const std::size_t open = offsets_.open_count();
  const routing::Topic& topic = assignment_->topic();
  // One batch that runs and one that gathers have their room whatever the setting, which is for what is not marked.
  const std::size_t max_open = std::max<std::size_t>(topic.max_open_offsets, std::size_t{2} * topic.max_messages);
  const std::size_t room =
      held_back_.empty() ? std::min<std::size_t>(flow_.room(), max_open - std::min(open, max_open)) : 0;
  const std::size_t left = intake_.bytes().left();
  if (left == 0) return std::min<std::size_t>(room, intake_.bytes().held() == 0 ? 1 : 0);
  return std::min(room, left / intake_.average_size(open - share_offsets_->returned() - after_.parked()) + 1);
}

bool BatchRunner::has_room() {
  if (room() > 0) return true;
  share_offsets_->fold_returned();
  intake_.bytes().wait_for_others(tools_.ready);
  return room() > 0;
}

TakeReport BatchRunner::take(PartitionQueue& queue, Time now) {
  shelf_.reclaim();
  // An armed batch may be started at any moment, so what comes now is taken beside it first.
  std::vector<Message>& into = flow_.is_armed() ? incoming_ : gathering_->gathered();
  const std::size_t from = into.size();
  const std::size_t held = intake_.bytes().held();
  TakeReport report = intake_.take(queue, room(), into);
  if (report.messages > 0) copies_.taken(into.back().offset(), intake_.bytes().held() - held);
  gather(into, from, now);
  pass_end();
  return report;
}

void BatchRunner::pass_end() {
  if (!intake_.pass_end(held_back_.empty())) return;
  flow_.reached_end();
  if (hooks_) hooks_->reached_end();
}

// `messages` from `from` on join the gathering batch; they are in its own list already, or in incoming_.
void BatchRunner::gather(std::vector<Message>& messages, std::size_t from, Time now) {
  if (messages.size() == from) return;
  // The armed batch is not to be taken back for nothing.
  if (filters_ && &messages == &held_back_ && filters_->head_waits(now)) return;
  const bool beside = &messages == &incoming_ || &messages == &held_back_;
  if (beside && flow_.is_armed()) take_back();
  std::vector<Message>& gathered = gathering_->gathered();
  const std::size_t fit = admit(messages, from, now);
  const std::span<const Message> added = std::span<const Message>(messages).subspan(from);
  flow_.gathered(fit, now);
  if (hooks_) hooks_->gathered(fit);
  if (beside) {
    gathered.insert(gathered.end(), added.begin(), added.begin() + static_cast<std::ptrdiff_t>(fit));
  }
  if (&messages == &held_back_) {
    held_back_.erase(held_back_.begin(), held_back_.begin() + static_cast<std::ptrdiff_t>(fit));
    return;
  }
  if (fit < added.size()) held_back_.assign(added.begin() + static_cast<std::ptrdiff_t>(fit), added.end());
  messages.resize(beside ? 0 : from + fit);
}

// How many of `messages` from `from` on are open now; behind them is what there is no room for yet, or waits.
std::size_t BatchRunner::admit(std::vector<Message>& messages, std::size_t from, Time now) {
  const std::span<const Message> added = std::span<const Message>(messages).subspan(from);
  const std::size_t fit = offsets_.admissible(added);
  if (filters_) return filters_->admit(messages, from, fit, flow_.room(), now);
  const std::size_t count = std::min<std::size_t>(flow_.room(), fit);
  offsets_.admit(added.first(count));
  return count;
}

// The armed batch gathers again; or it has started, and a new one gathers.
void BatchRunner::take_back() {
  if (present_->disarm(*gathering_)) {
    flow_.taken_back();
    Counters::add(assignment_->counters().batches_taken_back);
    return;
  }
  settle_present();
}

std::optional<Time> BatchRunner::wakes_at() const {
  // A batch that waits for a commit starts by no time; then there are no retries either. Nor does one that is held,
  // or that waits for its transaction, which says when it is prepared.
  const PartitionTransaction* const transaction = assignment_->transaction();
  const bool prepared = transaction == nullptr || present_ || transaction->prepared();
  const bool may_start = tools_.commits->may_start_batch() && prepared && !assignment_->held();
  const auto at = may_start ? flow_.wakes_at() : std::nullopt;
  auto sooner = after_.sooner(tickets_.sooner(at, present_ != nullptr));
  // Where there is no room, turn() does not ask.
  if (filters_ && !held_back_.empty() && flow_.room() > 0) sooner = filters_->sooner(sooner);
  return hooks_ ? hooks_->sooner(sooner) : sooner;
}

void BatchRunner::turn(Time now) {
  after_.turn(now);
  collapse();
  // What a worker starts on its own, behind a settled batch, it finds held too, and sends back.
  if (!assignment_->held()) send_again(now);
  if (!held_back_.empty() && flow_.room() > 0) gather(held_back_, 0, now);
  pass_end();
  if (hooks_) turn_hooks(now);
  hand_over(now);
  watch_tickets(now);
}

void BatchRunner::send_again(Time now) {
  for (Share* const share : std::exchange(held_, {})) tools_.dispatcher->send(*share);
  for (const std::uint32_t index : flow_.take_due(now)) go_on(present_->shares()[index]);
}

// Hooks go to virtual partitions of which the present batch has nothing, or between batches; and no batch starts
// before they have returned. The armed one must not start behind our back meanwhile.
void BatchRunner::turn_hooks(Time now) {
  hooks_->run_timers(now);
  while (hooks_->take_returned()) {
  }
  if (hooks_->any_owed() && flow_.is_armed()) take_back();
  while (const auto call = hooks_->next()) hooks_->send(*call);
  flow_.hold(hooks_->holds());
}

void BatchRunner::hand_over(Time now) {
  if (assignment_->held()) return;
  if (hastens_) flow_.reached_end();
  for (;;) {
    switch (flow_.next(now)) {
      case core::BatchFlow::Step::wait:
        return;
      case core::BatchFlow::Step::start:
        if (!may_start()) return;  // asked again when the commit is acknowledged
        lay_out();
        gathering_->note_ready(now);
        flow_.started();
        tools_.commits->batch_started();
        placement_.started();
        present_ = std::exchange(gathering_, shelf_.fresh());
        if (hooks_) hooks_->batch_started(*present_);
        if (assignment_->caps().any()) {
          for (Share& share : present_->shares()) tools_.dispatcher->send(share);
        } else {
          present_->start();
        }
        return;
      case core::BatchFlow::Step::arm:
        lay_out();
        gathering_->note_ready(now);
        if (present_->arm(*gathering_)) {
          flow_.armed();
          Counters::add(assignment_->counters().batches_armed);
          return;
        }
        // It has settled meanwhile, and its mail is on the way: take note now, then start.
        Counters::add(assignment_->counters().batches_armed_too_late);
        settle_present();
        break;
    }
  }
}

// At most once: the batch is closed, and the commit of its end is wanted; what came behind is not in it. After a
// batch whose commit is waited for: nothing follows before that.
bool BatchRunner::may_start() {
  core::PartitionCommits& commits = *tools_.commits;
  if (PartitionTransaction* const transaction = assignment_->transaction();
      transaction != nullptr && commits.may_start_batch() && !transaction->prepared()) {
    // In vain it is asked again with the next sweep.
    transaction->prepare([ready = tools_.ready](const Result<void>& outcome) {
      if (outcome) ready->on_ready();
    });
    return transaction->prepared();
  }
  if (commits.before_processing() && !flow_.sealed()) {
    flow_.seal();
    committed_first_ = next_after(gathering_->last());
    commits.batch_ready(gathering_->last());
  }
  return commits.may_start_batch();
}

void BatchRunner::lay_out() {
  TopicSplit& split = *tools_.split;
  const core::PartitionerReport report =
      placement_.place_gathering(gathering_->gathered(), split.indexes, split.keys);
  log_placement(*tools_.log, *assignment_, report, gathering_->size());
  gathering_->split(split.indexes, split.splitter);
}

void BatchRunner::handle_settled(RunningBatch& batch) {
  // Of a batch that is not present any more, we took note before its mail came.
  if (present_.get() == &batch && batch.settled()) settle_present();
}

void BatchRunner::settle_present() {
  Counters& counters = assignment_->counters();
  Counters::add(counters.batches);
  if (alone_through_ && present_->last() >= *alone_through_) {
    alone_through_.reset();
    flow_.take_at_most(assignment_->topic().max_messages);
  }
  std::size_t largest = 0;
  std::size_t not_done = std::exchange(messages_not_done_, 0);
  for (const Share& share : present_->shares()) {
    largest = std::max(largest, share.messages().size());
    not_done += share.count_given_up();
  }
  Counters::add(counters.messages_done, present_->size() - not_done);
  tools_.balance->count_batch(present_->size(), present_->shares().size(), largest);
  tell_settled(*assignment_, *present_, not_done, largest);
  const bool next_runs = flow_.is_armed();
  share_offsets_->settled(*present_);
  intake_.bytes().give_back(present_->gathered());
  flow_.settled();
  placement_.settled();
  tools_.commits->batch_settled(present_->last_told());
  if (hooks_) hooks_->batch_settled(*present_);
  shelf_.retire(std::move(present_));
  if (next_runs) {
    placement_.started();
    present_ = std::exchange(gathering_, shelf_.fresh());
    if (hooks_) hooks_->batch_started(*present_);
  }
  shelf_.reclaim();
}

void BatchRunner::handle_open(Share& share, Time now) {
  if (present_.get() == &share.batch()) after_.handle(share, now);
}

void BatchRunner::try_again(Share& share, Time due) {
  // One whose letters nobody can address yet has to ask again itself.
  const bool collapses = assignment_->topic().on_failure == routing::OnFailure::collapse;
  const bool alone = share.collapsed() || !share.recovery()->causes.empty() || share.count_unfinished() == 0;
  if (!collapses || alone) {
    flow_.failed(share.index(), due);
    return;
  }
  if (flow_.stopped()) return;
  left_.push_back(&share);
  left_due_ = left_.size() == 1 ? due : std::max(left_due_, due);
  present_->watch_shares();
  collapse();
}

// Once all others have settled; asked again with each that does, and in each turn.
void BatchRunner::collapse() {
  if (left_.empty() || present_->unsettled() != left_.size()) return;
  if (hooks_ && !hooks_->may_collapse(*present_)) return;
  left_.clear();
  const Share& share = present_->collapse();
  // Behind it: what a ticket marks meanwhile is not in the new share, and nobody would tell the ledger of it.
  for (Share& former : present_->former_shares()) {
    share_offsets_->fold(former);
    messages_not_done_ += former.count_given_up();
  }
  if (hooks_) hooks_->batch_collapsed(*present_);
  flow_.failed(share.index(), left_due_);
}

void BatchRunner::go_on(Share& share) {
  share.begin_next_attempt();
  tools_.dispatcher->send(share);
}

void BatchRunner::watch_tickets(Time now) {
  if (present_) tickets_.look(present_->shares(), now);
}

void BatchRunner::handle_held(Share& share) {
  if (present_.get() == &share.batch()) held_.push_back(&share);
}

// The position is behind it already: a second attempt would break the promise that nothing is processed twice.
void BatchRunner::drop(Share& share) {
  const std::uint32_t unfinished = share.count_unfinished();
  messages_not_done_ += unfinished;
  Counters::add(assignment_->counters().messages_dropped, unfinished);
  log_dropped(*tools_.log, *assignment_, share);
  share.batch().settle_dropped(share);
}

void BatchRunner::handle_unsent(RunningBatch& batch) {
  const auto shares = batch.shares();
  for (std::uint32_t i = batch.unsent_from(); i < shares.size(); ++i) tools_.dispatcher->send(shares[i]);
}

void BatchRunner::refuse() {
  flow_.stop_admission();
  after_.refuse();
  // At most once: their position is committed, and they will not run.
  if (tools_.commits->before_processing()) {
    for (const Share* share : held_) {
      Counters::add(assignment_->counters().messages_dropped, share->count_unfinished());
    }
  }
  held_.clear();
  left_.clear();
  if (hooks_) hooks_->stop();
  if (flow_.is_armed()) take_back();
  // At most once: what has not started is given back, though its commit may be on its way.
  if (flow_.sealed()) committed_first_.reset();
  flow_.dropped();
  placement_.dropped();
  gathering_->clear();
  assignment_->messages().release(held_back_);
  held_back_.clear();
  intake_.forget_end();
}

std::optional<CommitPosition> BatchRunner::position() const {
  return std::max(offsets_.position(), committed_first_);
}

void BatchRunner::fold() {
  share_offsets_->fold_returned();
  if (!present_) return;
  for (Share& share : present_->shares()) share_offsets_->fold(share);
  // The armed one may have run already, and the mails that would tell so may be unread at a deadline.
  if (!flow_.is_armed()) return;
  for (Share& share : gathering_->shares()) share_offsets_->fold(share);
}

}  // namespace braid::engine
