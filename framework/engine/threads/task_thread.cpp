#include "engine/threads/task_thread.hpp"

#include "core/assert.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/threads/latch_flag.hpp"
#include "engine/threads/thread_name.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace braid::engine {

struct TaskThread::Shared {
  LatchFlag ended;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks BRAID_GUARDED_BY(mutex);
  bool stopping BRAID_GUARDED_BY(mutex) = false;
};

TaskThread::TaskThread(std::string name) : shared_(std::make_shared<Shared>()) {
  thread_ = std::jthread([shared = shared_, name = std::move(name)] {
    name_this_thread(name);
    run(*shared);
    shared->ended.raise();
  });
}

TaskThread::~TaskThread() {
  BRAID_ASSERT(!thread_.joinable(), "a task thread is stopped by its owner");
}

void TaskThread::run(Shared& shared) {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(shared.mutex);
      shared.changed.wait(lock, [&] { return shared.stopping || !shared.tasks.empty(); });
      if (shared.tasks.empty()) return;
      task = std::move(shared.tasks.front());
      shared.tasks.pop_front();
    }
    task();
  }
}

void TaskThread::post(Task task) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stopping) return;
  shared_->tasks.push_back(std::move(task));
  shared_->changed.notify_one();
}

bool TaskThread::stop(Time deadline) {
  if (!thread_.joinable()) return true;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_one();
  }
  if (shared_->ended.wait_until(deadline)) {
    thread_.join();
    return true;
  }
  std::deque<Task> dropped;  // their captures end outside of the lock
  {
    const std::lock_guard lock(shared_->mutex);
    dropped.swap(shared_->tasks);
  }
  thread_.detach();
  return false;
}

}  // namespace braid::engine
