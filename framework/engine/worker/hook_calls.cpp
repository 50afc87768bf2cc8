#include "engine/worker/hook_calls.hpp"

#include "engine/listener/dispatcher.hpp"

#include <utility>

namespace braid::engine {

HookCalls::HookCalls(std::shared_ptr<Assignment> assignment, std::shared_ptr<Notifier> ready)
    : assignment_(std::move(assignment)), ready_(std::move(ready)) {}

void HookCalls::send(Dispatcher& dispatcher, VirtualPartitionIndex index, core::HookKind kind) {
  if (spare_.empty()) spare_.push_back(&calls_.emplace_back());
  Call& call = *spare_.back();
  spare_.pop_back();
  call.keeps_calls = shared_from_this();
  call.index = index;
  call.kind = kind;
  assignment_->jobs()->enter(1);
  dispatcher.send_hook(call, *assignment_);
}

std::optional<HookCalls::Returned> HookCalls::take_returned() {
  if (taken_ == nullptr) taken_ = returned_.exchange(nullptr, std::memory_order_acquire);
  if (taken_ == nullptr) return std::nullopt;
  Call& call = *taken_;
  taken_ = std::exchange(call.next, nullptr);
  spare_.push_back(&call);
  return Returned{call.index, call.kind, std::exchange(call.failure, nullptr)};
}

// The last thing of a job. The list first: who finds no jobs finds what they left. From then on the call may be
// sent again.
void HookCalls::give_back(Call& call) noexcept {
  call.next = returned_.load(std::memory_order_relaxed);
  while (!returned_.compare_exchange_weak(call.next, &call, std::memory_order_release, std::memory_order_relaxed)) {
  }
  ready_->notify();
  assignment_->jobs()->leave(1);
}

void HookCalls::Call::run() noexcept {
  const std::shared_ptr<HookCalls> calls = std::move(keeps_calls);
  failure = calls->assignment_->slot(index).hook(*calls->assignment_, kind);
  calls->give_back(*this);
}

void HookCalls::Call::abandon() noexcept {
  const std::shared_ptr<HookCalls> calls = std::move(keeps_calls);
  calls->give_back(*this);
}

}  // namespace braid::engine
