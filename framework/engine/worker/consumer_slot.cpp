#include "engine/worker/consumer_slot.hpp"

#include <stdexcept>

#include "engine/worker/assignment.hpp"
#include "engine/worker/share.hpp"

namespace braid {

void Consumer::on_assigned(const VirtualPartition&) {}
void Consumer::on_revoked(const VirtualPartition&) {}
void Consumer::on_stopping(const VirtualPartition&) {}

}  // namespace braid

namespace braid::engine {

struct ConsumerSlot::Occupant {
  VirtualPartition where;
  std::unique_ptr<Consumer> consumer;
};

void ConsumerSlot::Release::operator()(Occupant* occupant) const noexcept {
  // A user's destructor that throws would end the process; it is declared noexcept unless the user insists.
  delete occupant;
}

std::exception_ptr ConsumerSlot::run(Assignment& assignment, Share& share) noexcept {
  // Relaxed: the job queue has published this slot to us, and only we move it to running.
  state_.store(State::running, std::memory_order_relaxed);
  std::exception_ptr failure;
  try {
    if (!occupant_) {
      auto made = std::unique_ptr<Occupant, Release>(
          new Occupant{VirtualPartition(assignment, share.virtual_partition()), assignment.topic().consumer()});
      if (!made->consumer) throw std::logic_error("the consumer's factory returned nothing");
      ConsumerAccess::on_assigned(*made->consumer, made->where);
      occupant_ = std::move(made);
      occupied_.store(true, std::memory_order_release);
    }
    Batch batch(share.unfinished(), occupant_->where, share);
    ConsumerAccess::consume(*occupant_->consumer, batch);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) share.mark_all();
  State state = State::running;
  // Release: whoever finds the slot idle sees the object as this job left it.
  if (!state_.compare_exchange_strong(state, State::idle, std::memory_order_acq_rel)) {
    farewell(state == State::farewell_stopping ? FarewellKind::stopping : FarewellKind::revoked);
    state_.store(State::idle, std::memory_order_release);
  }
  return failure;
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
  occupant_.reset();
  occupied_.store(false, std::memory_order_release);
  return failure;
}

bool ConsumerSlot::defer_farewell(FarewellKind kind) noexcept {
  State state = State::running;
  return state_.compare_exchange_strong(
      state, kind == FarewellKind::stopping ? State::farewell_stopping : State::farewell_revoked,
      std::memory_order_acq_rel);
}

}  // namespace braid::engine
