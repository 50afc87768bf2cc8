#pragma once

#include "engine/ports/job_pool.hpp"
#include "engine/worker/running_batch.hpp"

#include <cstddef>
#include <deque>
#include <memory>

namespace braid::engine {

// What is ready at a listener and waits, in order, for room in the pool's queue, which is kept short so that order,
// fairness and caps are decided here. Thread: the listener's.
class Dispatcher {
 public:
  Dispatcher(std::shared_ptr<JobPool> pool, std::shared_ptr<Notifier> notifier);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Submits, or queues behind what waits.
  void send(Share& share);
  // A job of an assignment that is no share. The job counts itself in and out of the partition's jobs.
  void send(Job& job, const Assignment& of);
  // Submits what waits, as far as there is room.
  void feed();
  // Drops the shares of an assignment that wait.
  void forget(const Assignment& assignment);
  [[nodiscard]] bool holds_of(const Assignment& assignment) const;
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Entry {
    BatchPtr batch;  // keeps the share; null for other jobs
    Share* share = nullptr;
    Job* job = nullptr;
    const Assignment* of = nullptr;
  };
  bool submit(const Entry& entry);

  std::shared_ptr<JobPool> pool_;
  std::shared_ptr<Notifier> notifier_;
  std::deque<Entry> waiting_;
};

}  // namespace braid::engine
