#include "engine/worker/running_batch.hpp"

#include "core/assert.hpp"
#include "engine/listener/mailbox.hpp"
#include "engine/worker/conclude_attempt.hpp"
#include "engine/worker/tell_jobs.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace braid::engine {

namespace {

// So many armed jobs a worker goes on with before others in the pool's queue have their turn.
constexpr int kInARowMost = 8;

}  // namespace

RunningBatch::RunningBatch(std::shared_ptr<Assignment> assignment, std::shared_ptr<Mailbox> mailbox,
                           std::shared_ptr<JobPool> pool)
    : assignment_(std::move(assignment)), mailbox_(std::move(mailbox)), pool_(std::move(pool)) {}

RunningBatch::~RunningBatch() {
  RunningBatch* const armed = armed_.load(std::memory_order_relaxed);
  if (armed != nullptr && armed != closed()) intrusive_ptr_release(armed);
  if (!gathered_.empty()) assignment_->messages().release(gathered_);
}

RunningBatch* RunningBatch::closed() {
  // An address that is no batch's.
  static char mark;
  return reinterpret_cast<RunningBatch*>(&mark);
}

void RunningBatch::split(std::span<const std::uint32_t> indexes, core::Splitter& splitter) {
  laid_out_.resize(gathered_.size());
  splitter.split(gathered_, indexes, assignment_->max_partitions(), laid_out_, spans_);
  assign_shares(spans_, laid_out_);
}

void RunningBatch::lay_out_as_one(VirtualPartitionIndex virtual_partition) {
  const core::ShareSpan all{virtual_partition, 0, static_cast<std::uint32_t>(gathered_.size())};
  assign_shares({&all, 1}, gathered_);
}

void RunningBatch::assign_shares(std::span<const core::ShareSpan> spans, std::span<const Message> messages) {
  if (spans.size() > share_capacity_) {
    share_capacity_ = static_cast<std::uint32_t>(spans.size());
    shares_ = std::make_unique<Share[]>(share_capacity_);
  }
  share_count_ = static_cast<std::uint32_t>(spans.size());
  for (std::uint32_t i = 0; i < share_count_; ++i) {
    shares_[i].assign(*this, spans[i].virtual_partition, messages.subspan(spans[i].begin, spans[i].count));
  }
  // Relaxed: nobody else knows of the batch; arming or submitting it publishes this.
  unsettled_.store(share_count_, std::memory_order_relaxed);
}

std::size_t RunningBatch::copy_out(std::size_t most) {
  const auto copied = std::span(gathered_).subspan(copied_, std::min(most, gathered_.size() - copied_));
  if (copied.empty()) return 0;
  const std::size_t replaced = assignment_->messages().detach(copied);
  copied_ += copied.size();
  if (share_count_ == 0 || replaced == 0) return replaced;
  // One share of all messages lies in gathered_ itself; others were laid out beside it.
  const auto follow = [&](Message& message) {
    const auto same = std::ranges::lower_bound(copied, message.offset(), {}, &Message::offset);
    if (same != copied.end() && same->offset() == message.offset()) message = *same;
  };
  std::ranges::for_each(laid_out_, follow);
  std::ranges::for_each(collapsed_, follow);
  return replaced;
}

Share& RunningBatch::collapse() {
  const Share* first = nullptr;
  Offset lowest{std::numeric_limits<std::int64_t>::max()};
  for (const Share& share : shares()) {
    // Once: a ticket may mark at any time.
    const std::uint32_t unfinished_from = share.first_unfinished();
    for (std::uint32_t i = 0; i < share.size(); ++i) {
      const Message& message = share.messages()[i];
      if (i < unfinished_from || share.is_given_up(i)) {
        if (!share.is_parked(i)) former_told_ = std::max(former_told_, message.offset());
        continue;
      }
      collapsed_.push_back(message);
      if (message.offset() > lowest) continue;
      lowest = message.offset();
      first = &share;
    }
  }
  std::ranges::sort(collapsed_, {}, &Message::offset);
  former_shares_ = std::move(shares_);
  former_count_ = share_count_;
  share_capacity_ = 0;
  const core::ShareSpan all{kCollapsed, 0, static_cast<std::uint32_t>(collapsed_.size())};
  assign_shares({&all, 1}, collapsed_);
  // None: a late mark has finished what was left.
  if (first != nullptr) shares_[0].begin_collapsed(*first);
  return shares_[0];
}

void RunningBatch::clear() {
  if (!gathered_.empty()) assignment_->messages().release(gathered_);
  gathered_.clear();
  copied_ = 0;
  keys_.clear();
  share_count_ = 0;
  collapsed_.clear();
  former_shares_.reset();
  former_count_ = 0;
  former_told_ = kNoOffset;
  parks_ = false;
  ready_at_ = {};
  began_at_.store(0, std::memory_order_relaxed);
  watched_.store(false, std::memory_order_relaxed);
  armed_.store(nullptr, std::memory_order_relaxed);
}

void RunningBatch::start() {
  // Counted before the first is out: a share may return, and the last one settle the batch, while we still submit.
  count_in(share_count_);
  submit_all();
}

void RunningBatch::submit_all() {
  for (std::uint32_t i = 0; i < share_count_; ++i) {
    if (pool_->try_submit(shares_[i])) continue;
    // From here on the listener submits. The batch can't settle before that, so it is still ours to write to.
    const std::uint32_t unsent = share_count_ - i;
    unsent_from_ = i;
    mailbox_->post_unsent(*this);  // before leave(): who sees no jobs finds the mail
    assignment_->jobs()->leave(unsent);
    // The caller holds the batch in some other way too.
    references_.fetch_sub(unsent, std::memory_order_acq_rel);
    return;
  }
}

void RunningBatch::count_in(std::uint32_t jobs) {
  references_.fetch_add(jobs, std::memory_order_relaxed);
  assignment_->jobs()->enter(jobs);
}

bool RunningBatch::submit(Share& share) {
  count_in(1);
  if (pool_->try_submit(share)) return true;
  assignment_->jobs()->leave(1);
  intrusive_ptr_release(this);
  return false;
}

bool RunningBatch::arm(RunningBatch& next) {
  RunningBatch* nothing = nullptr;
  intrusive_ptr_add_ref(&next);  // before it is placed: from then on a worker may start it
  // Release: the worker that starts it sees it laid out.
  if (armed_.compare_exchange_strong(nothing, &next, std::memory_order_acq_rel)) return true;
  intrusive_ptr_release(&next);
  return false;
}

bool RunningBatch::disarm(RunningBatch& next) {
  RunningBatch* armed = &next;
  if (!armed_.compare_exchange_strong(armed, nullptr, std::memory_order_acq_rel)) return false;
  intrusive_ptr_release(&next);  // the caller holds it too
  return true;
}

void RunningBatch::run(Share& share) noexcept {
  BatchPtr next = run_once(share);
  // From a queue it would wait behind others, though its listener found that it is its turn. But a listener knows
  // neither what waits in the pool already nor other connections: behind some in a row it is theirs.
  for (int in_a_row = 0; next; ++in_a_row) {
    if (in_a_row == kInARowMost) {
      next->submit_all();
      return;
    }
    next = next->run_once(next->shares_[0]);
  }
}

BatchPtr RunningBatch::run_once(Share& share) noexcept {
  ConsumerSlot::Attempt attempt = assignment_->slot(share.virtual_partition()).run(*assignment_, share);
  // Who settles what is deferred may have been faster than we: not even this batch is ours any more.
  return attempt.deferred ? nullptr : end(share, std::move(attempt));
}

void RunningBatch::finish(Share& share, ConsumerSlot::Attempt attempt) noexcept {
  // What runs next is a worker's, and this may be any thread; it is counted in already, so nothing may refuse it.
  if (const BatchPtr next = end(share, std::move(attempt))) next->pool_->resume(next->shares_[0]);
}

BatchPtr RunningBatch::end(Share& share, ConsumerSlot::Attempt attempt) noexcept {
  BatchPtr next;
  share.return_credits();
  if (attempt.held) {
    mailbox_->post_held(share);
  } else if (attempt.started) {
    const bool failed = attempt.failure != nullptr;
    const bool done = conclude_attempt(share, std::move(attempt.failure), !attempt.abandoned);
    tell_job_ended(*assignment_, share, failed, done);  // before others may have the share
    if (done) {
      next = settle_one();
    } else {
      mailbox_->post_open(share);
    }
  }
  // Last, and in this order: who sees no jobs may take the assignment apart, who drops the last reference does.
  assignment_->jobs()->leave(1);
  intrusive_ptr_release(this);
  return next;
}

Offset RunningBatch::last_told() const {
  Offset last = former_told_;
  for (std::uint32_t i = 0; i < share_count_; ++i) last = std::max(last, shares_[i].last_told().value_or(last));
  return last;
}

void RunningBatch::settle_dropped(Share& share) {
  share.mark_all();
  const BatchPtr next = settle_one();
  BRAID_ASSERT(!next, "nothing is armed behind a batch whose failures are dropped");
}

void RunningBatch::report_stale_epoch() {
  auto answer = std::make_unique<StoreAnswer>();
  answer->store = assignment_->store_term()->store;
  answer->fenced.emplace_back(assignment_->partition(), assignment_->store_term()->epoch);
  mailbox_->post_store_answer(std::move(answer));
}

CommitRequestPtr RunningBatch::request_commit(const Share& share, bool waits) {
  CommitRequestPtr request(new CommitRequest(assignment_, share.done_through(), waits));
  mailbox_->post_commit_request(request);  // even of an assignment that is over: it is answered so
  return request;
}

BatchPtr RunningBatch::settle_one() {
  // The last one sees, and hands on, what all shares did. seq_cst: either the listener finds it settled, or it is
  // told; see watch_shares().
  if (unsettled_.fetch_sub(1, std::memory_order_seq_cst) != 1) {
    if (watched_.load(std::memory_order_seq_cst)) {
      mailbox_->post_settled(*this);
      mailbox_->wake();
    }
    return nullptr;
  }
  // What is armed comes with a reference of its own: the listener may let go of it as soon as it finds this closed.
  BatchPtr next(armed_.exchange(closed(), std::memory_order_acq_rel), false);
  // The mail goes first, so that none about the next batch overtakes it.
  mailbox_->post_settled(*this);
  if (next && next->share_count_ == 1) {
    next->count_in(1);  // before this one is counted out: in between nobody is to find the partition idle
    mailbox_->wake();
    return next;
  }
  // Waking the listener comes last, since the next batch should not wait for that.
  if (next) next->start();
  mailbox_->wake();
  return nullptr;
}

}  // namespace braid::engine
