#pragma once

namespace braid::engine {

// Wakes the owner of an inbox. Thread: any.
class Notifier {
 public:
  virtual void notify() noexcept = 0;

 protected:
  ~Notifier() = default;
};

// One call on the pool. Runs once for each time it was submitted, and looks after its own lifetime.
class Job {
 public:
  virtual void run() noexcept = 0;
  // Instead of run(): it waited for room in a pool, and whoever kept it waiting is gone.
  virtual void abandon() noexcept {}

 protected:
  ~Job() = default;
};

// Where jobs run. Thread: any.
class JobPool {
 public:
  virtual ~JobPool() = default;
  // False: the queue is full, or the pool has stopped; what is ready waits at its listener, which keeps a say in
  // the order.
  virtual bool try_submit(Job& job) = 0;
  // Notifies once, when there is room again. `notifier` lives as long as the pool, or cancels.
  virtual void notify_when_room(Notifier& notifier) = 0;
  virtual void cancel(Notifier& notifier) = 0;
};

}  // namespace braid::engine
