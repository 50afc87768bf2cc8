#include "engine/listener/continuous_runner.hpp"

#include "core/assert.hpp"
#include "engine/listener/runner_log.hpp"
#include "engine/listener/tell.hpp"

#include <algorithm>
#include <utility>

namespace braid::engine {

namespace {

// One take brings at most so many, so that mails are read in between.
constexpr std::size_t kTakeMost = 4096;
// Less than this is not worth a look into the client's queue: what settles makes room for one job at a time.
constexpr std::size_t kTakeLeast = 256;
// Jobs kept for reuse, and room for messages in all of them.
constexpr std::size_t kSpares = 256;
constexpr std::size_t kSpareRoom = 128 * 1024;

// So many messages ahead of quick consumers are still in the processor's caches when their turn comes.
constexpr std::size_t kLookAhead = 8192;

core::ContinuousFlow::Settings flow_settings(const Assignment& assignment) {
  const routing::Topic& topic = assignment.topic();
  // Room for a full job that runs and one that gathers, of a few virtual partitions; of all, where they wait for
  // it.
  const std::size_t lanes = topic.max_wait > core::Duration::zero() ? assignment.max_partitions()
                                                                    : std::min(assignment.max_partitions(), 8U);
  return {.max_partitions = assignment.max_partitions(),
          .max_messages = topic.commit.when == routing::Commit::When::each_message ? 1 : topic.max_messages,
          .max_wait = topic.max_wait,
          .max_queued = topic.max_queued,
          .look_ahead = std::max(kLookAhead, 2 * lanes * topic.max_messages)};
}

}  // namespace

ContinuousRunner::ContinuousRunner(std::shared_ptr<Assignment> assignment, core::PartitionOffsets::Start start,
                                   RunnerTools tools)
    : assignment_(std::move(assignment)),
      tools_(std::move(tools)),
      flow_(flow_settings(*assignment_)),
      offsets_(std::move(start), assignment_->topic().max_window),
      share_offsets_(make_share_offsets(*assignment_, offsets_, false)),
      after_(assignment_, tools_, offsets_, *share_offsets_, *this),
      placement_(core::make_placement(assignment_->topic().virtual_partitions, assignment_->max_partitions())),
      intake_(*assignment_, offsets_, *tools_.bytes),
      filters_(PartitionFilters::make(*assignment_, offsets_, intake_, tools_, false)),
      copies_(*assignment_),
      tickets_(*assignment_, *tools_.log),
      full_queue_(*assignment_, *tools_.log),
      waiting_(tools_.balance->gauge()),
      hooks_(PartitionHooks::make(assignment_, tools_)),
      lanes_(assignment_->max_partitions()),
      shelf_([this] { return BatchPtr(new RunningBatch(assignment_, tools_.mailbox, tools_.pool)); },
             {.batches = kSpares, .room = kSpareRoom}) {}

ContinuousRunner::~ContinuousRunner() {
  BRAID_ASSERT(!admits_ && held_back_.empty(), "a runner ends only after refuse()");
}

// --- admission

std::size_t ContinuousRunner::room() const {
  if (!admits_ || !held_back_.empty()) return 0;
  const routing::Topic& topic = assignment_->topic();
  const std::size_t open = offsets_.open_count();
  std::size_t room = std::min(flow_.room(), filters_ ? PartitionFilters::kTakeMost : kTakeMost);
  room = std::min(room, topic.max_open_offsets - std::min<std::size_t>(open, topic.max_open_offsets));
  if (room == 0) return 0;
  // One that holds nothing may always take a little, or partitions that are full would keep it waiting.
  return std::min(room,
                  std::max<std::size_t>(intake_.bytes().left() / average_size(), messages_held() == 0 ? 1 : 0));
}

std::size_t ContinuousRunner::messages_held() const {
  return offsets_.open_count() - share_offsets_->returned() - after_.parked();
}

std::size_t ContinuousRunner::average_size() const {
  return intake_.average_size(messages_held());
}

bool ContinuousRunner::worth_taking() const {
  // A quarter of what there may be at most, by each bound: what can never be free must not be waited for.
  const routing::Topic& topic = assignment_->topic();
  const std::size_t least = std::min({kTakeLeast, std::size_t{topic.max_open_offsets} / 4 + 1,
                                      std::size_t{topic.max_queued}, topic.max_bytes / average_size() / 4 + 1});
  const std::size_t room = this->room();
  if (room >= least || (room > 0 && offsets_.open_count() == 0)) return true;
  // Where nothing is left to settle, no more room comes by itself: who marks may wait for one more message.
  return room > 0 && active_.empty() && flow_.queued() == 0;
}

bool ContinuousRunner::has_room() {
  if (worth_taking()) return true;
  share_offsets_->fold_returned();
  intake_.bytes().wait_for_others(tools_.ready);
  // What was given back in between told nobody.
  return worth_taking();
}

TakeReport ContinuousRunner::take(PartitionQueue& queue, Time now) {
  now_ = now;
  shelf_.reclaim();
  const std::size_t held = intake_.bytes().held();
  TakeReport report = intake_.take(queue, room(), incoming_);
  if (report.messages > 0) {
    copies_.taken(incoming_.back().offset(), intake_.bytes().held() - held);
    taken_.look(offsets_.expected(), offsets_.lowest_open(), now);
  }
  admit(incoming_, now);
  if (!incoming_.empty()) held_back_.swap(incoming_);
  pass_end();
  if (const auto through = copies_.begin_by_bytes(bytes_not_copied(), offsets_.position())) copy_out(*through);
  return report;
}

void ContinuousRunner::pass_end() {
  if (!intake_.pass_end(held_back_.empty())) return;
  flow_.reached_end();
  if (hooks_) hooks_->reached_end();
}

// Those that the window has room for, and that no filter holds, leave `messages`.
void ContinuousRunner::admit(std::vector<Message>& messages, Time now) {
  std::size_t fit = offsets_.admissible(messages);
  if (filters_) {
    fit = filters_->admit(messages, 0, fit, fit, now);
  } else {
    offsets_.admit(std::span<const Message>(messages).first(fit));
  }
  if (fit == 0) return;
  const std::span<const Message> admitted = std::span<const Message>(messages).first(fit);
  auto& [splitter, indexes, keys] = *tools_.split;
  indexes.resize(fit);
  keys.resize(fit);
  log_placement(*tools_.log, *assignment_, placement_->place(admitted, indexes, keys), fit);
  for (std::size_t i = 0; i < fit; ++i) flow_.push(indexes[i], admitted[i], keys[i], now);
  if (hooks_) hooks_->given(indexes);
  messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(fit));
  // Behind what runs. Only virtual partitions that got something can have become worth it, but looking at those
  // that run is cheaper than remembering which these are.
  // By place: one that settles just now lets the dispatcher ask us for the next job, and active_ grows.
  for (std::size_t i = 0; i < active_.size(); ++i) arm_behind(active_[i], now);
}

// --- running

void ContinuousRunner::turn(Time now) {
  now_ = now;
  flow_.look_for_movement(now);
  for (const VirtualPartitionIndex index : tools_.commits->take_released()) set_free(index.value, now);
  if (!held_back_.empty()) admit(held_back_, now);
  pass_end();
  if (hastens_) flow_.reached_end();
  if (hooks_) turn_hooks(now);
  after_.turn(now);
  // What a worker starts on its own, behind a settled job, it finds held too, and sends back.
  if (!assignment_->held()) send_again(now);
  watch_tickets(now);
}

void ContinuousRunner::watch_tickets(Time now) {
  if (!tickets_.begin_look(now)) return;
  for (const std::uint32_t index : active_) tickets_.look_at(lanes_[index].present->shares()[0], now);
}

void ContinuousRunner::send_again(Time now) {
  for (Share* const share : std::exchange(held_, {})) tools_.dispatcher->send(*share);
  flow_.run_timers(now);
  while (const auto index = flow_.take_due(now)) {
    go_on(lanes_[*index].present->shares()[0]);
  }
  if (flow_.any_ready()) tools_.dispatcher->offer(*this, *assignment_);
}

// A hook is called between two jobs of its virtual partition: to the flow it runs meanwhile. It must before it is
// sent, since sending one thing lets the dispatcher ask for the next.
void ContinuousRunner::turn_hooks(Time now) {
  hooks_->run_timers(now);
  while (const auto index = hooks_->take_returned()) flow_.settled(*index, now);
  while (const auto call = hooks_->next()) {
    flow_.occupy(call->index);
    hooks_->send(*call);
  }
}

std::optional<Time> ContinuousRunner::wakes_at() const {
  // What is held starts by no time.
  const auto at = tickets_.sooner(assignment_->held() ? std::nullopt : flow_.wakes_at(), !active_.empty());
  auto sooner = after_.sooner(at);
  if (filters_ && !held_back_.empty()) sooner = filters_->sooner(sooner);
  return hooks_ ? hooks_->sooner(sooner) : sooner;
}

Share* ContinuousRunner::next_share() {
  if (!admits_ || assignment_->held()) return nullptr;
  while (const auto index = flow_.next()) {
    BatchPtr job = take_job(*index);
    if (!job) continue;  // and it is ready no more
    if (hooks_) hooks_->starts(*index);
    note_ready(*job);
    lanes_[*index].present = std::move(job);
    activate(*index);
    return &lanes_[*index].present->shares()[0];
  }
  return nullptr;
}

// Null: its filters let nothing run now.
BatchPtr ContinuousRunner::take_job(std::uint32_t index) {
  if (filters_ && filters_->any_of_virtual_partitions()) return take_filtered_job(index);
  BatchPtr job = shelf_.fresh();
  flow_.take(index, job->gathered(), job->keys());
  job->lay_out_as_one({index});
  return job;
}

// From the moment on that its first message was taken, there has been something to run.
void ContinuousRunner::note_ready(RunningBatch& job) const {
  job.note_ready(now_ - taken_.age(job.first(), now_).value_or(core::Duration::zero()));
}

// What waits behind a running job is placed behind it, if it would be this virtual partition's turn anyhow: then
// its worker goes on with it at once, and does not wait for us.
void ContinuousRunner::arm_behind(std::uint32_t index, Time now) {
  Lane& lane = lanes_[index];
  if (lane.armed || assignment_->caps().any() || tools_.commits->jobs_wait()) return;
  if (assignment_->held() || !flow_.may_follow(index, now) || (hooks_ && hooks_->owes(index))) return;
  if (tools_.dispatcher->others_wait(*assignment_)) return;
  if (BatchPtr job = take_job(index)) place_behind(index, std::move(job));
}

void ContinuousRunner::place_behind(std::uint32_t index, BatchPtr job) {
  note_ready(*job);
  Lane& lane = lanes_[index];
  lane.armed = job;
  if (lane.present->arm(*job)) {
    Counters::add(assignment_->counters().batches_armed);
    return;
  }
  // It has settled, and its mail is on the way: take note now. Only the arming itself can tell.
  Counters::add(assignment_->counters().jobs_armed_too_late);
  lane.armed.reset();
  finish(lane, index);
  lane.present = std::move(job);
  tools_.dispatcher->send(lane.present->shares()[0]);
}

void ContinuousRunner::handle_settled(RunningBatch& batch) {
  const std::uint32_t index = batch.shares()[0].virtual_partition().value;
  // Of a job that is not present any more, we took note before its mail came.
  if (lanes_[index].present.get() == &batch && batch.settled()) settle(index, now_);
}

void ContinuousRunner::settle(std::uint32_t index, Time now) {
  Lane& lane = lanes_[index];
  finish(lane, index);
  if (lane.armed) {
    // Its worker runs it, or has.
    lane.present = std::move(lane.armed);
    arm_behind(index, now);
    return;
  }
  deactivate(index);
  // To the flow it runs until the commit that covers it is acknowledged; see turn().
  if (!tools_.commits->jobs_wait()) set_free(index, now);
}

void ContinuousRunner::set_free(std::uint32_t index, Time now) {
  flow_.settled(index, now);
  if (hooks_) hooks_->idle(index);
}

// The present job is done: its offsets, its bytes, its keys.
void ContinuousRunner::finish(Lane& lane, std::uint32_t index) {
  Counters& counters = assignment_->counters();
  Share& share = lane.present->shares()[0];
  const std::span<const Message> messages = share.messages();
  share_offsets_->settled(*lane.present);
  tools_.commits->job_settled({index}, lane.present->last_told());
  Counters::add(counters.batches);
  Counters::add(counters.messages_done, messages.size() - share.count_given_up());
  tell_settled(*assignment_, *lane.present, share.count_given_up(), messages.size());
  if (hooks_) hooks_->job_settled(index, messages.size());
  forget(*lane.present, index);
  shelf_.retire(std::move(lane.present));
  shelf_.reclaim();
}

// These messages are held no more, whatever became of them.
void ContinuousRunner::forget(RunningBatch& batch, std::uint32_t index) {
  intake_.bytes().give_back(batch.gathered());
  if (!placement_->remembers()) return;
  std::vector<std::uint32_t>& indexes = tools_.split->indexes;
  indexes.assign(batch.keys().size(), index);
  placement_->release(batch.keys(), indexes);
}

void ContinuousRunner::handle_open(Share& share, Time now) {
  if (lanes_[share.virtual_partition().value].present.get() == &share.batch()) after_.handle(share, now);
}

void ContinuousRunner::try_again(Share& share, Time due) {
  flow_.failed(share.virtual_partition().value, due);
}

void ContinuousRunner::go_on(Share& share) {
  share.begin_next_attempt();
  tools_.dispatcher->send(share);
}

// At most once is the batch flow's alone.
void ContinuousRunner::drop(Share& share) {
  Counters::add(assignment_->counters().messages_dropped, share.count_unfinished());
  share.batch().settle_dropped(share);
}

void ContinuousRunner::handle_held(Share& share) {
  if (lanes_[share.virtual_partition().value].present.get() == &share.batch()) held_.push_back(&share);
}

void ContinuousRunner::handle_unsent(RunningBatch& batch) {
  tools_.dispatcher->send(batch.shares()[0]);
}

// --- which virtual partitions run

void ContinuousRunner::activate(std::uint32_t index) {
  lanes_[index].active_at = static_cast<std::uint32_t>(active_.size());
  active_.push_back(index);
}

void ContinuousRunner::deactivate(std::uint32_t index) {
  const std::uint32_t place = std::exchange(lanes_[index].active_at, kNotActive);
  active_[place] = active_.back();
  active_.pop_back();
  if (place < active_.size()) lanes_[active_[place]].active_at = place;
}

// --- the end, and offsets

void ContinuousRunner::refuse() {
  if (!std::exchange(admits_, false)) return;
  flow_.stop_admission();
  after_.refuse();
  held_.clear();
  if (hooks_) hooks_->stop();
  tools_.dispatcher->withdraw(*assignment_);
  for (const std::uint32_t index : active_) {
    Lane& lane = lanes_[index];
    if (!lane.armed || !lane.present->disarm(*lane.armed)) continue;
    lane.armed->clear();
    lane.armed.reset();
  }
  assignment_->messages().release(held_back_);
  held_back_.clear();
  intake_.forget_end();
  // Their placement goes with us, and so do their bytes.
  std::vector<Message> waiting;
  flow_.drop(waiting, tools_.split->keys, tools_.split->indexes);
  assignment_->messages().release(waiting);
}

void ContinuousRunner::fold() {
  share_offsets_->fold_returned();
  for (const std::uint32_t index : active_) {
    Lane& lane = lanes_[index];
    share_offsets_->fold(lane.present->shares()[0]);
    // It may have run already, and the mails that would tell so may be unread at a deadline.
    if (lane.armed) share_offsets_->fold(lane.armed->shares()[0]);
  }
}

}  // namespace braid::engine
