#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/owned_pool.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/threads/latch_flag.hpp"
#include "engine/threads/semaphore.hpp"

#include <boost/lockfree/queue.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {

class PoolContext;

// The worker threads that all jobs of an application share, and their queue. The queue is short on purpose, about
// twice the workers: what else is ready waits at its listener, where order and caps are decided.
//
// An idle worker spins for a moment if no other does, then parks; a submission wakes one if none searches, and who
// takes a job wakes the next while there is more. So a burst wakes as many as it needs, and a trickle costs one
// wake-up.
//
// What has started and goes on (coroutines that wake, farewells behind them) is resumed: it has a queue of its own,
// which is served first, never refuses, and is bounded by what is in flight. The last worker to end abandons what
// is still there, and destroys the coroutines that wait.
//
// It grows and shrinks while it runs: surplus workers end as soon as they are free, ahead of what is queued.
//
// Thread: try_submit(), resize() and the like, any; start() and stop(), the owner's. Workers hold the pool while
// they live.
class WorkerPool final : public OwnedPool, public std::enable_shared_from_this<WorkerPool> {
 public:
  static constexpr std::uint32_t kWorkersMost = 10'000;

  // `workers`: 1 to 10,000. `name`: the threads are name-0, name-1 …, and no number comes twice. `on_failure` is
  // told, on a worker, what functions throw that user code posted to the executor.
  WorkerPool(std::uint32_t workers, std::string name,
             std::function<void(const std::exception_ptr&)> on_failure = {});
  // Requires stop(), if started.
  ~WorkerPool() override;

  void start() override;
  // Workers finish what is queued and end. Those still in a job at the deadline are detached, and end with it.
  // Returns how many were.
  std::uint32_t stop(Time deadline) override;
  // Never waits for a job. Before start() it is what will be started.
  Result<void> resize(std::uint32_t workers) override;
  [[nodiscard]] std::uint32_t size() const override;

  bool try_submit(Job& job) override;
  void resume(Job& job) override;
  [[nodiscard]] const boost::asio::any_io_executor* executor() const override;
  void notify_when_room(Notifier& notifier) override;
  void cancel(Notifier& notifier) override;

 private:
  struct Worker {
    std::jthread thread;
    LatchFlag ended;
  };
  void start_worker();
  Result<void> grow_to(std::uint32_t workers);
  // Takes the end of one surplus worker on itself, or back. False: there is none.
  bool claim_surplus();
  void work(Worker& self);
  void retire(Worker& self);
  Job* next_job();
  Job* take();
  Job* take_resumed();
  Job* take_submitted();
  Job* search();
  bool park();
  void wake_if_needed();
  [[nodiscard]] bool anything_waits() const;
  bool unpark_one();
  void close();
  void abandon_all();
  void wake_those_who_wait_for_room();

  // constant after construction
  const std::string name_;

  boost::lockfree::queue<Job*, boost::lockfree::fixed_sized<true>> queue_;
  std::atomic<std::uint32_t> queue_limit_;  // follows the size; orders nothing
  // How many workers are to end and have not begun to. Each claims it from here, or who lets the pool grow does.
  // seq_cst, as queued_: who parks sees it, or who makes the pool shrink sees the parked worker.
  std::atomic<std::uint32_t> surplus_{0};
  // How many are queued, or about to be. Orders nothing; the queue publishes the jobs. seq_cst where it pairs with
  // parked_: either who parks sees the job, or who submits sees the parked worker.
  alignas(64) std::atomic<std::uint32_t> queued_{0};
  boost::lockfree::queue<Job*> resumptions_;  // keeps its nodes, and allocates more when a burst needs them
  alignas(64) std::atomic<std::uint32_t> resumable_{0};  // of the resumptions, as queued_
  alignas(64) std::atomic<std::uint32_t> parked_{0};
  // A worker spins, or was woken and has not looked yet. So a burst wakes one at a time, each by the one before:
  // jobs of microseconds are done before more would be up. Held from waking to searching, over the two threads.
  std::atomic<bool> searching_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ended_{false};         // acquire and release: a refusal means that stop() has been
  std::atomic<std::uint32_t> working_{0};  // workers that have not ended; the last one closes
  // seq_cst: either the last worker sees what was queued, or who queued it sees that nobody will look.
  std::atomic<bool> closed_{false};
  Semaphore wake_ups_;

  // seq_cst: either who submits in vain finds room again, or the worker that made it sees that somebody waits.
  std::atomic<bool> somebody_waits_for_room_{false};
  std::mutex room_mutex_;  // only while the queue is full
  std::vector<Notifier*> wait_for_room_ BRAID_GUARDED_BY(room_mutex_);

  mutable std::mutex sizing_mutex_;  // never held for longer than it takes to start the threads
  bool started_ BRAID_GUARDED_BY(sizing_mutex_) = false;
  std::uint32_t size_ BRAID_GUARDED_BY(sizing_mutex_);       // without the surplus
  std::uint64_t names_ BRAID_GUARDED_BY(sizing_mutex_) = 0;  // given to workers so far
  std::vector<std::shared_ptr<Worker>> workers_ BRAID_GUARDED_BY(sizing_mutex_);
  std::vector<std::shared_ptr<Worker>> retired_ BRAID_GUARDED_BY(sizing_mutex_);  // have ended, or are about to

  std::unique_ptr<PoolContext> context_;  // last: what it destroys may still come here
};

}  // namespace braid::engine
