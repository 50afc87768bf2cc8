#pragma once

#include "core/flow/hook_schedule.hpp"
#include "engine/listener/partition_runner.hpp"
#include "engine/worker/hook_calls.hpp"
#include "engine/worker/running_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace braid::engine {

// on_tick() and on_end_of_partition() of one assignment: HookSchedule decides, HookCalls runs them, and the runner,
// which knows what else runs, says what happens and asks what is due.
//
// Thread: the listener's. Owned by the runner; there is none where the topic asks for no such hook.
class PartitionHooks {
 public:
  // Null: none is asked for.
  static std::unique_ptr<PartitionHooks> make(std::shared_ptr<Assignment> assignment, const RunnerTools& tools);
  PartitionHooks(std::shared_ptr<Assignment> assignment, const RunnerTools& tools);
  ~PartitionHooks();
  PartitionHooks(const PartitionHooks&) = delete;
  PartitionHooks& operator=(const PartitionHooks&) = delete;

  // --- `flow: batch`

  void gathered(std::size_t messages) { schedule_.gathered(messages); }
  void batch_started(RunningBatch& batch);
  void batch_settled(RunningBatch& batch);
  // Whether the one share that it collapses to may run: its virtual partition may have a hook out.
  [[nodiscard]] bool may_collapse(RunningBatch& batch) const;
  void batch_collapsed(RunningBatch& batch);

  // --- `flow: continuous`

  // One message to each of these virtual partitions.
  void given(std::span<const std::uint32_t> indexes);
  void starts(std::uint32_t index) { schedule_.starts(index); }
  void job_settled(std::uint32_t index, std::size_t messages);
  void idle(std::uint32_t index) { schedule_.idle(index); }

  // --- both, in the runner's turn, in this order; see HookSchedule

  void reached_end() { schedule_.reached_end(); }
  void run_timers(Time now) { schedule_.run_timers(now); }
  // The virtual partition of one that has returned; says what it threw.
  [[nodiscard]] std::optional<std::uint32_t> take_returned();
  [[nodiscard]] std::optional<core::HookSchedule::Call> next() { return schedule_.next(); }
  // What next() gave. The dispatcher may ask the runner for its next share before this returns.
  void send(const core::HookSchedule::Call& call);

  [[nodiscard]] bool owes(std::uint32_t index) const { return schedule_.owes(index); }
  [[nodiscard]] bool any_owed() const { return schedule_.any_owed(); }
  [[nodiscard]] bool holds() const { return schedule_.holds(); }
  // When the next tick is due, or `other`.
  [[nodiscard]] std::optional<Time> sooner(std::optional<Time> other) const;

  // What is out goes on, and nothing follows it.
  void stop() { schedule_.stop(); }

 private:
  void note_object(VirtualPartitionIndex index);

  std::shared_ptr<Assignment> assignment_;
  Dispatcher* dispatcher_;
  Log* log_;
  core::HookSchedule schedule_;
  std::shared_ptr<HookCalls> calls_;
};

}  // namespace braid::engine
