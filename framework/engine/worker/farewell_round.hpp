#pragma once

#include "engine/ports/job_pool.hpp"
#include "engine/worker/assignment.hpp"

#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <vector>

namespace braid::engine {

class Dispatcher;

// The last hook of every virtual partition of one assignment that has a consumer object, each as a job of its own.
// Where a share overran and still runs, that share's job says it, as the last thing it does.
//
// Thread: made and read on the listener; its jobs run on workers and keep it alive.
class FarewellRound : public std::enable_shared_from_this<FarewellRound> {
 public:
  FarewellRound(std::shared_ptr<Assignment> assignment, FarewellKind kind);

  // Sends what can be sent. Listener.
  void send(Dispatcher& dispatcher);
  // What the hooks threw; for the listener, when the partition's jobs are idle.
  [[nodiscard]] std::vector<std::exception_ptr> failures() const;

 private:
  class Goodbye final : public Job {
   public:
    Goodbye(FarewellRound& round, VirtualPartitionIndex index) : round_(&round), index_(index) {}
    void run() noexcept override;
    void abandon() noexcept override;
    std::shared_ptr<FarewellRound> keeps_round;  // from the sending to the end of the run
    std::exception_ptr failure;

   private:
    FarewellRound* round_;
    VirtualPartitionIndex index_;
  };

  std::shared_ptr<Assignment> assignment_;
  FarewellKind kind_;
  std::deque<Goodbye> goodbyes_;
};

}  // namespace braid::engine
