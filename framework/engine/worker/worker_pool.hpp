#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/job_pool.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/threads/latch_flag.hpp"
#include "engine/threads/semaphore.hpp"

#include <boost/lockfree/queue.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {

// The worker threads that all jobs of an application share, and their queue. The queue is short on purpose, about
// twice the workers: what else is ready waits at its listener, where order and caps are decided.
//
// An idle worker spins for a moment if no other does, then parks; a submission wakes one if none searches, and who
// takes a job wakes the next while there is more. So a burst wakes as many as it needs, and a trickle costs one
// wake-up.
//
// Thread: try_submit() and the like, any; start() and stop(), the owner's. Workers hold the pool while they live.
class WorkerPool final : public JobPool, public std::enable_shared_from_this<WorkerPool> {
 public:
  // `workers`: 1 to 10,000. `name`: the threads are name-0, name-1 …
  WorkerPool(std::uint32_t workers, std::string name);
  // Requires stop(), if started.
  ~WorkerPool() override;

  void start();
  // Workers finish what is queued and end. Those still in a job at the deadline are detached, and end with it.
  // Returns how many were.
  std::uint32_t stop(Time deadline);

  bool try_submit(Job& job) override;
  void notify_when_room(Notifier& notifier) override;
  void cancel(Notifier& notifier) override;

 private:
  struct Worker {
    std::jthread thread;
    LatchFlag ended;
  };
  void work();
  Job* next_job();
  Job* take();
  Job* search();
  bool park();
  void wake_if_needed();
  bool unpark_one();
  void wake_those_who_wait_for_room();

  // constant after construction
  const std::uint32_t worker_count_;
  const std::string name_;
  const std::uint32_t queue_limit_;

  boost::lockfree::queue<Job*, boost::lockfree::fixed_sized<true>> queue_;
  // How many are queued, or about to be. Orders nothing; the queue publishes the jobs. seq_cst where it pairs with
  // parked_: either who parks sees the job, or who submits sees the parked worker.
  alignas(64) std::atomic<std::uint32_t> queued_{0};
  alignas(64) std::atomic<std::uint32_t> parked_{0};
  // A worker spins, or was woken and has not looked yet. So a burst wakes one at a time, each by the one before:
  // jobs of microseconds are done before more would be up. Held from waking to searching, over the two threads.
  std::atomic<bool> searching_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ended_{false};  // acquire and release: a refusal means that stop() has been
  Semaphore wake_ups_;

  // seq_cst: either who submits in vain finds room again, or the worker that made it sees that somebody waits.
  std::atomic<bool> somebody_waits_for_room_{false};
  std::mutex room_mutex_;  // only while the queue is full
  std::vector<Notifier*> wait_for_room_ BRAID_GUARDED_BY(room_mutex_);

  std::vector<std::shared_ptr<Worker>> workers_;  // the owner's
};

}  // namespace braid::engine
