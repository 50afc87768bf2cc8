#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

// Asio's, of which nothing but the name is needed here.
namespace boost::asio {
class any_io_executor;
}

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
  // Instead of run(): it waited for room in a pool, and whoever kept it waiting is gone; or the pool is.
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

  // Goes on with something that has started: never refused, and ahead of what was submitted. Bounded by what is in
  // flight. Abandons the job where the pool has ended. A pool that has no place for such runs it here and now.
  virtual void resume(Job& job) { job.run(); }
  // A job waits within its call, for `most` at the longest, until `done` holds; it is looked at under the lock, and
  // who makes it true notifies `changed`. Returns whether it holds. Blocks the worker; a pool whose workers are no
  // threads lets others run meanwhile.
  virtual bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                    std::chrono::milliseconds most, const std::function<bool()>& done) {
    return changed.wait_for(lock, most, done);
  }
  // Where coroutines run. nullptr: this pool runs none.
  [[nodiscard]] virtual const boost::asio::any_io_executor* executor() const { return nullptr; }
};

}  // namespace braid::engine
