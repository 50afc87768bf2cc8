#include "engine/worker/deferral.hpp"

#include "core/assert.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/conclude_attempt.hpp"
#include "engine/worker/share_deliveries.hpp"

#include <stdexcept>
#include <utility>

namespace braid::engine {

Deferral::Deferral(Share& share)
    : share_(&share), deliveries_(share.make_deliveries()), view_(&share.batch()), messages_(share.window()) {}

bool Deferral::call_returned() {
  State state = State::in_call;
  return !state_.compare_exchange_strong(state, State::open, std::memory_order_acq_rel);
}

void Deferral::call_threw() {
  // From here on its ticket is inert: what it marks or settles is another attempt's by now.
  claimed_.store(true, std::memory_order_release);
  state_.store(State::closed, std::memory_order_release);
}

void Deferral::wait_for_deliveries(std::exception_ptr failure) noexcept {
  claimed_.store(true, std::memory_order_relaxed);
  state_.store(State::closed, std::memory_order_relaxed);
  failure_ = std::move(failure);
  let_go();
  complete();
}

bool Deferral::settle(std::exception_ptr failure) noexcept {
  if (claimed_.exchange(true, std::memory_order_acq_rel)) return false;
  const bool counts = view_->assignment().phase() != Assignment::Phase::over;
  let_go();  // the job's own reference is still there, if anything is
  return close(std::move(failure)) && counts;
}

bool Deferral::give_up(std::exception_ptr failure) noexcept {
  return !claimed_.exchange(true, std::memory_order_acq_rel) && close(std::move(failure));
}

// For who has claimed it.
bool Deferral::close(std::exception_ptr failure) noexcept {
  // After a call that threw nobody reads this.
  failure_ = std::move(failure);
  State state = State::in_call;
  if (state_.compare_exchange_strong(state, State::closed, std::memory_order_acq_rel)) return true;
  if (state == State::closed) return false;  // the call threw
  state_.store(State::closed, std::memory_order_relaxed);
  complete();
  return true;
}

std::span<const Message> Deferral::messages() const {
  return view_ ? messages_ : std::span<const Message>();
}

void Deferral::mark(const Message& message) {
  if (!view_ || settled()) return;
  // Which of the records belong to what it covers, nobody could say.
  if (view_->assignment().transaction() != nullptr) {
    throw std::logic_error("mark: the topic is exactly_once, and a ticket settles its batch as a whole there");
  }
  share_->mark_one_of(messages_, message, deliveries_.get());
}

bool Deferral::revoked() const {
  return !view_ || !view_->assignment().may_start();
}

// Its call has ended and it is settled, so nothing is produced any more.
void Deferral::complete() noexcept {
  share_->end_wait_for_ticket();  // that is over, whatever is still on its way
  if (deliveries_ && deliveries_->wait([self = shared_from_this()] { self->complete_delivered(); })) return;
  complete_delivered();
}

// The attempt ends here, on the thread that settled it or brought the last report; but the user's hooks, and what
// decides about failures, belong on the pool.
void Deferral::complete_delivered() noexcept {
  if (!failure_) failure_ = share_->undelivered();
  if (!failure_) share_->succeed();
  RunningBatch& batch = share_->batch();
  const bool asks = (failure_ || share_->recovery() != nullptr) && asks_user_code(batch.assignment().topic());
  if (!asks && batch.assignment().slot(share_->virtual_partition()).leave()) {
    finish(true);
    return;
  }
  keeps_itself_ = shared_from_this();
  batch.pool().resume(*this);
}

void Deferral::finish_on_pool(bool may_ask) noexcept {
  const std::shared_ptr<Deferral> self = std::move(keeps_itself_);
  ConsumerSlot& slot = share_->batch().assignment().slot(share_->virtual_partition());
  if (!slot.leave()) slot.say_deferred_farewell();
  finish(may_ask);
}

void Deferral::finish(bool may_ask) noexcept {
  Share& share = *share_;
  share.batch().assignment().counters().job_ends();
  share.batch().finish(share, {.started = true, .failure = std::move(failure_), .abandoned = !may_ask});
}

}  // namespace braid::engine
