#pragma once

#include "core/flow/hook_schedule.hpp"
#include "engine/ports/job_pool.hpp"
#include "engine/worker/assignment.hpp"

#include <atomic>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace braid::engine {

class Dispatcher;

// The hooks of one assignment that are no farewells, as jobs of the pool: sent, run, and handed back to the
// listener. Each is counted in the partition's jobs from the sending to the end of its run, as shares are, so
// drains and later generations wait for it; and one that has not started when the assignment leaves `active` calls
// nothing.
//
// Thread: the listener's; its jobs run on workers and keep it alive.
class HookCalls : public std::enable_shared_from_this<HookCalls> {
 public:
  // `ready` is told when some have returned.
  HookCalls(std::shared_ptr<Assignment> assignment, std::shared_ptr<Notifier> ready);

  // Requires that nothing of that virtual partition runs or is sent before this one is given back.
  void send(Dispatcher& dispatcher, VirtualPartitionIndex index, core::HookKind kind);

  struct Returned {
    VirtualPartitionIndex index;
    core::HookKind kind;
    std::exception_ptr failure;  // null: none, or it was never called
  };
  [[nodiscard]] std::optional<Returned> take_returned();

 private:
  class Call final : public Job {
   public:
    void run() noexcept override;
    void abandon() noexcept override;

    // The listener's, when it is not out; else the worker's.
    std::shared_ptr<HookCalls> keeps_calls;  // from the sending to the end of the run
    VirtualPartitionIndex index;
    core::HookKind kind{};
    std::exception_ptr failure;
    Call* next = nullptr;  // of those that returned
  };
  void give_back(Call& call) noexcept;

  // constant after construction
  std::shared_ptr<Assignment> assignment_;
  std::shared_ptr<Notifier> ready_;

  // the listener's
  std::deque<Call> calls_;  // as many as were ever out at once
  std::vector<Call*> spare_;
  Call* taken_ = nullptr;  // from returned_

  // A list to whose front workers add and of which the listener takes all at once. Release and acquire: who takes a
  // call sees what it threw and what the hook did.
  std::atomic<Call*> returned_{nullptr};
};

}  // namespace braid::engine
