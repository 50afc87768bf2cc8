#include "engine/store/store_thread.hpp"

#include "core/assert.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/threads/latch_flag.hpp"
#include "engine/threads/thread_name.hpp"

#include <braid/offset_store.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace braid::engine {

struct StoreThread::Shared {
  std::shared_ptr<OffsetStore> store;
  LatchFlag ended;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks BRAID_GUARDED_BY(mutex);
  bool stopping BRAID_GUARDED_BY(mutex) = false;
};

StoreThread::StoreThread(std::string name, std::shared_ptr<OffsetStore> store)
    : name_(std::move(name)), shared_(std::make_shared<Shared>()) {
  shared_->store = std::move(store);
}

StoreThread::~StoreThread() {
  BRAID_ASSERT(!thread_.joinable(), "an offset store's thread is stopped by its owner");
}

void StoreThread::start() {
  thread_ = std::jthread([shared = shared_, name = name_] {
    name_this_thread(name);
    run(*shared);
    shared->ended.raise();
  });
}

void StoreThread::run(Shared& shared) {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(shared.mutex);
      shared.changed.wait(lock, [&] { return shared.stopping || !shared.tasks.empty(); });
      if (shared.stopping) return;
      task = std::move(shared.tasks.front());
      shared.tasks.pop_front();
    }
    task(*shared.store);
  }
}

void StoreThread::post(Task task) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stopping) return;
  shared_->tasks.push_back(std::move(task));
  shared_->changed.notify_one();
}

bool StoreThread::stop(Time deadline) {
  std::deque<Task> dropped;  // their captures end outside of the lock
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    dropped.swap(shared_->tasks);
    shared_->changed.notify_one();
  }
  if (!thread_.joinable()) return true;
  if (shared_->ended.wait_until(deadline)) {
    thread_.join();
    return true;
  }
  thread_.detach();
  return false;
}

}  // namespace braid::engine
