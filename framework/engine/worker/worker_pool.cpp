#include "engine/worker/worker_pool.hpp"

#include "core/assert.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/pool_executor.hpp"

#include <algorithm>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

// A little more than a wake-up costs. Yielding, since on a busy machine the processor that a spinning worker holds
// is the very one that its listener needs: busy waiting took several times the CPU of the jobs.
constexpr auto kSpin = 50us;
constexpr std::uint32_t kQueueLeast = 64;
constexpr std::size_t kResumptionNodes = 1024;
// A coroutine that resumes itself for ever must not keep jobs from starting.
constexpr std::uint32_t kResumptionsInARow = 64;

}  // namespace

WorkerPool::WorkerPool(std::uint32_t workers, std::string name,
                       std::function<void(const std::exception_ptr&)> on_failure)
    : worker_count_(workers),
      name_(std::move(name)),
      queue_limit_(std::max(2 * workers, kQueueLeast)),
      queue_(queue_limit_),
      resumptions_(kResumptionNodes),
      context_(std::make_unique<PoolContext>(*this, std::move(on_failure))) {}

WorkerPool::~WorkerPool() {
  BRAID_ASSERT(workers_.empty(), "a pool ends only after stop()");
  if (!closed_.load(std::memory_order_relaxed)) close();  // it was never started
}

const boost::asio::any_io_executor* WorkerPool::executor() const {
  return &context_->executor();
}

void WorkerPool::start() {
  working_.store(worker_count_, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < worker_count_; ++i) {
    auto worker = std::make_shared<Worker>();
    worker->thread = std::jthread([pool = shared_from_this(), worker, name = name_ + std::to_string(i)]() mutable {
      name_this_thread(name);
      pool->work();
      pool.reset();  // before the owner hears of the end: the last one to go must not be a thread nobody waits for
      worker->ended.raise();
    });
    workers_.push_back(std::move(worker));
  }
}

std::uint32_t WorkerPool::stop(Time deadline) {
  stopping_.store(true, std::memory_order_seq_cst);
  wake_ups_.release(workers_.size());
  std::uint32_t left = 0;
  for (const auto& worker : workers_) {
    if (worker->ended.wait_until(deadline)) {
      worker->thread.join();
    } else {
      worker->thread.detach();
      ++left;
    }
  }
  workers_.clear();
  // From now on nobody would run it. Until now what jobs submit is run, as the rest of the queue is.
  ended_.store(true, std::memory_order_release);
  return left;
}

bool WorkerPool::try_submit(Job& job) {
  if (ended_.load(std::memory_order_acquire)) return false;
  if (queued_.fetch_add(1, std::memory_order_seq_cst) >= queue_limit_) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  const bool pushed = queue_.bounded_push(&job);
  BRAID_ASSERT(pushed, "the queue has room for as many as are counted in");
  if (closed_.load(std::memory_order_seq_cst)) {
    abandon_all();
  } else {
    wake_if_needed();
  }
  return true;
}

void WorkerPool::resume(Job& job) {
  resumable_.fetch_add(1, std::memory_order_seq_cst);
  resumptions_.push(&job);
  if (closed_.load(std::memory_order_seq_cst)) {
    abandon_all();
  } else {
    wake_if_needed();
  }
}

void WorkerPool::close() {
  ended_.store(true, std::memory_order_release);
  closed_.store(true, std::memory_order_seq_cst);
  abandon_all();
  context_->end();
}

void WorkerPool::abandon_all() {
  Job* job = nullptr;
  while (resumptions_.pop(job)) {
    resumable_.fetch_sub(1, std::memory_order_relaxed);
    job->abandon();
  }
  while (queue_.pop(job)) {
    queued_.fetch_sub(1, std::memory_order_relaxed);
    job->abandon();
  }
}

void WorkerPool::notify_when_room(Notifier& notifier) {
  const std::lock_guard lock(room_mutex_);
  if (std::find(wait_for_room_.begin(), wait_for_room_.end(), &notifier) == wait_for_room_.end()) {
    wait_for_room_.push_back(&notifier);
  }
  somebody_waits_for_room_.store(true, std::memory_order_seq_cst);
}

void WorkerPool::cancel(Notifier& notifier) {
  const std::lock_guard lock(room_mutex_);
  std::erase(wait_for_room_, &notifier);
}

void WorkerPool::wake_those_who_wait_for_room() {
  const std::lock_guard lock(room_mutex_);
  somebody_waits_for_room_.store(false, std::memory_order_seq_cst);
  // Under the lock, so that one who cancelled is not told any more; a notification only writes to a descriptor.
  for (Notifier* notifier : wait_for_room_) notifier->notify();
  wait_for_room_.clear();
}

void WorkerPool::wake_if_needed() {
  while (anything_waits() && parked_.load(std::memory_order_seq_cst) > 0) {
    // Who searches will find it, and wakes the next.
    if (searching_.exchange(true, std::memory_order_seq_cst)) return;
    if (unpark_one()) return;
    // The parked one took its name off itself. Look again: who parked since relied on the flag that we held.
    searching_.store(false, std::memory_order_seq_cst);
  }
}

bool WorkerPool::anything_waits() const {
  return queued_.load(std::memory_order_seq_cst) > 0 || resumable_.load(std::memory_order_seq_cst) > 0;
}

bool WorkerPool::unpark_one() {
  std::uint32_t parked = parked_.load(std::memory_order_seq_cst);
  while (parked > 0) {
    if (parked_.compare_exchange_weak(parked, parked - 1, std::memory_order_seq_cst)) {
      wake_ups_.release();
      return true;
    }
  }
  return false;
}

Job* WorkerPool::take() {
  thread_local std::uint32_t in_a_row = 0;  // a worker has one pool
  if (in_a_row < kResumptionsInARow) {
    if (Job* job = take_resumed()) {
      ++in_a_row;
      return job;
    }
  }
  in_a_row = 0;
  if (Job* job = take_submitted()) return job;
  return take_resumed();
}

Job* WorkerPool::take_resumed() {
  if (resumable_.load(std::memory_order_relaxed) == 0) return nullptr;  // who parks looks again
  Job* job = nullptr;
  if (!resumptions_.pop(job)) return nullptr;
  resumable_.fetch_sub(1, std::memory_order_seq_cst);
  return job;
}

Job* WorkerPool::take_submitted() {
  Job* job = nullptr;
  if (!queue_.pop(job)) return nullptr;
  const std::uint32_t left = queued_.fetch_sub(1, std::memory_order_seq_cst) - 1;
  if (left <= queue_limit_ / 2 && somebody_waits_for_room_.load(std::memory_order_seq_cst)) {
    wake_those_who_wait_for_room();
  }
  return job;
}

// Waits a moment for a job. Requires that the caller holds searching_; gives it up.
Job* WorkerPool::search() {
  Job* job = take();
  const auto until = std::chrono::steady_clock::now() + kSpin;
  while (job == nullptr && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
    job = take();
  }
  searching_.store(false, std::memory_order_seq_cst);
  return job;
}

Job* WorkerPool::next_job() {
  Job* job = take();
  while (job == nullptr) {
    if (stopping_.load(std::memory_order_seq_cst)) return nullptr;
    if (!searching_.exchange(true, std::memory_order_seq_cst)) job = search();
    // Who is woken is the one that searches: who woke it has set the flag.
    if (job == nullptr && park()) job = search();
    if (job == nullptr) job = take();
  }
  // What was submitted while somebody searched woke nobody.
  wake_if_needed();
  return job;
}

// False: it did not sleep, since something came in between.
bool WorkerPool::park() {
  parked_.fetch_add(1, std::memory_order_seq_cst);
  if (anything_waits() || stopping_.load(std::memory_order_seq_cst)) {
    // Take our name off again, unless somebody has, whose wake-up we then use.
    std::uint32_t parked = parked_.load(std::memory_order_relaxed);
    while (parked > 0) {
      if (parked_.compare_exchange_weak(parked, parked - 1, std::memory_order_seq_cst)) return false;
    }
  }
  wake_ups_.acquire();
  return true;
}

void WorkerPool::work() {
  while (Job* job = next_job()) job->run();
  // Acquire and release: the last one sees what the others left.
  if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) close();
}

}  // namespace braid::engine
