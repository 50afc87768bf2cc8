#include "engine/worker/farewell_round.hpp"

#include "engine/listener/dispatcher.hpp"

#include <utility>

namespace braid::engine {

FarewellRound::FarewellRound(std::shared_ptr<Assignment> assignment, FarewellKind kind)
    : assignment_(std::move(assignment)), kind_(kind) {}

void FarewellRound::send(Dispatcher& dispatcher) {
  for (std::uint32_t i = 0; i < assignment_->max_partitions(); ++i) {
    ConsumerSlot& slot = assignment_->slot({i});
    if (slot.defer_farewell(kind_) || !slot.occupied()) continue;
    Goodbye& goodbye = goodbyes_.emplace_back(*this, VirtualPartitionIndex{i});
    goodbye.keeps_round = shared_from_this();
    assignment_->jobs()->enter(1);
    dispatcher.send(goodbye, *assignment_);
  }
}

std::vector<std::exception_ptr> FarewellRound::failures() const {
  std::vector<std::exception_ptr> failures;
  for (const Goodbye& goodbye : goodbyes_) {
    if (goodbye.failure) failures.push_back(goodbye.failure);
  }
  for (const ConsumerSlot& slot : assignment_->slots()) {
    if (slot.deferred_failure()) failures.push_back(slot.deferred_failure());
  }
  return failures;
}

void FarewellRound::Goodbye::run() noexcept {
  const std::shared_ptr<FarewellRound> round = std::move(keeps_round);
  ConsumerSlot& slot = round_->assignment_->slot(index_);
  slot.note().begin(RunNote::What::farewell, round_->assignment_->recovery().now());
  failure = slot.farewell(round_->kind_);
  slot.note().end();
  round_->assignment_->jobs()->leave(1);
}

void FarewellRound::Goodbye::abandon() noexcept {
  const std::shared_ptr<FarewellRound> round = std::move(keeps_round);
  round_->assignment_->slot(index_).drop();
  round_->assignment_->jobs()->leave(1);
}

}  // namespace braid::engine
