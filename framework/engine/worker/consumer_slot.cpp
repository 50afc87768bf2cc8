#include "engine/worker/consumer_slot.hpp"

#include "engine/worker/assignment.hpp"
#include "engine/worker/deferral.hpp"
#include "engine/worker/share.hpp"
#include "engine/worker/share_deliveries.hpp"
#include "engine/worker/tell_jobs.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

namespace braid {

void Consumer::on_assigned(const VirtualPartition&) {}
void Consumer::on_tick(const VirtualPartition&) {}
void Consumer::on_end_of_partition(const VirtualPartition&) {}
void Consumer::on_revoked(const VirtualPartition&) {}
void Consumer::on_stopping(const VirtualPartition&) {}

}  // namespace braid

namespace braid::engine {

namespace {

void note_share(RunNote& note, Assignment& assignment, Share& share) {
  const auto left = share.unfinished();
  const Time now = assignment.recovery().now();
  if (left.empty()) {
    note.begin(RunNote::What::share, now);
  } else {
    note.begin(RunNote::What::share, now, left.front().offset(), left.back().offset());
  }
  share.note_started(now);
  tell_job_started(assignment, share, now);
}

}  // namespace

struct ConsumerSlot::Occupant {
  VirtualPartition where;
  std::unique_ptr<Consumer> consumer;
};

void ConsumerSlot::Release::operator()(Occupant* occupant) const noexcept {
  // A user's destructor that throws would end the process; it is declared noexcept unless the user insists.
  delete occupant;
}

ConsumerSlot::Attempt ConsumerSlot::run(Assignment& assignment, Share& share) noexcept {
  // seq_cst, and before the look at the phase: either we see that the assignment has ended, or who ended it sees us
  // here and leaves the farewell to us. The other way round both could happen, side by side, to one object.
  state_.store(State::running, std::memory_order_seq_cst);
  // Held first: whoever finds it let go behind a seek sees the phase that moved before that.
  const bool held = assignment.held();
  const bool active = assignment.may_start();
  Attempt attempt{.started = active && !held, .held = active && held};
  if (attempt.started) {
    assignment.counters().job_starts();
    note_share(note_, assignment, share);
    attempt = consume(assignment, share);
    if (attempt.deferred) return attempt;
    assignment.counters().job_ends();
  }
  if (!leave()) say_deferred_farewell();
  return attempt;
}

std::exception_ptr ConsumerSlot::hook(Assignment& assignment, core::HookKind kind) noexcept {
  // As in run(); and the object is not looked at before the phase, since a farewell may be with it.
  state_.store(State::running, std::memory_order_seq_cst);
  std::exception_ptr failure;
  if (assignment.may_start() && occupant_) {
    note_.begin(RunNote::What::hook, assignment.recovery().now());
    failure = call_hook(kind);
  }
  if (!leave()) say_deferred_farewell();
  return failure;
}

std::exception_ptr ConsumerSlot::call_hook(core::HookKind kind) noexcept {
  try {
    if (kind == core::HookKind::tick) {
      ConsumerAccess::on_tick(*occupant_->consumer, occupant_->where);
    } else {
      ConsumerAccess::on_end_of_partition(*occupant_->consumer, occupant_->where);
    }
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

bool ConsumerSlot::leave() noexcept {
  note_.end();
  State state = State::running;
  // Release: whoever finds the slot idle sees the object as this job left it.
  return state_.compare_exchange_strong(state, State::idle, std::memory_order_acq_rel);
}

void ConsumerSlot::say_deferred_farewell() noexcept {
  const State state = state_.load(std::memory_order_acquire);
  note_.go_on_as(RunNote::What::farewell);
  deferred_failure_ = farewell(state == State::farewell_stopping ? FarewellKind::stopping : FarewellKind::revoked);
  note_.end();
  state_.store(State::idle, std::memory_order_release);
}

ConsumerSlot::Attempt ConsumerSlot::consume(Assignment& assignment, Share& share) noexcept {
  Attempt attempt{.started = true};
  share.take_over_marks();
  // An attempt that marked everything before it threw leaves nothing to try again.
  if (!share.open_window()) return attempt;
  share.forget_deferral();
  share.forget_deliveries();
  if (std::exception_ptr refused = share.refused_before()) {
    attempt.failure = std::move(refused);
    return attempt;
  }
  attempt.failure = call(assignment, share);
  if (const std::shared_ptr<Deferral> deferral = share.deferral()) {
    if (attempt.failure) {
      deferral->call_threw();
    } else {
      share.begin_wait_for_ticket();
      note_.leave_thread();
      if (!deferral->call_returned()) return Attempt{.started = true, .deferred = true};
      share.end_wait_for_ticket();
      attempt.failure = deferral->failure();
    }
  }
  if (const std::shared_ptr<ShareDeliveries> deliveries = share.deliveries()) {
    if (deliveries->outstanding()) {
      note_.leave_thread();
      std::make_shared<Deferral>(share)->wait_for_deliveries(std::move(attempt.failure));
      return Attempt{.started = true, .deferred = true};
    }
    if (!attempt.failure) attempt.failure = share.undelivered();
  }
  if (!attempt.failure) share.succeed();
  return attempt;
}

std::exception_ptr ConsumerSlot::call(Assignment& assignment, Share& share) noexcept {
  share.take_in_hand(nullptr);
  try {
    if (!occupant_) {
      auto made = std::unique_ptr<Occupant, Release>(
          new Occupant{VirtualPartition(assignment, share.virtual_partition()), assignment.topic().consumer()});
      if (!made->consumer) throw std::logic_error("the consumer's factory returned nothing");
      ConsumerAccess::on_assigned(*made->consumer, made->where);
      occupant_ = std::move(made);
      occupied_.store(true, std::memory_order_release);
    }
    if (MarkedOffsets* const marks = share.marks()) marks->deliver(share.window().back().offset());
    Batch batch(share.window(), occupant_->where, share);
    share.note_delivered();
    ConsumerAccess::consume(*occupant_->consumer, batch);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

std::exception_ptr ConsumerSlot::farewell(FarewellKind kind) noexcept {
  if (!occupant_) return nullptr;
  std::exception_ptr failure;
  try {
    if (kind == FarewellKind::stopping) {
      ConsumerAccess::on_stopping(*occupant_->consumer, occupant_->where);
    } else {
      ConsumerAccess::on_revoked(*occupant_->consumer, occupant_->where);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  drop();
  return failure;
}

void ConsumerSlot::drop() noexcept {
  occupant_.reset();
  occupied_.store(false, std::memory_order_release);
}

bool ConsumerSlot::defer_farewell(FarewellKind kind) noexcept {
  State state = State::running;
  return state_.compare_exchange_strong(
      state, kind == FarewellKind::stopping ? State::farewell_stopping : State::farewell_revoked,
      std::memory_order_seq_cst);
}

}  // namespace braid::engine
