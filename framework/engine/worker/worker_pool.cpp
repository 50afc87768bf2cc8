#include "engine/worker/worker_pool.hpp"

#include "core/assert.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/pool_executor.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace braid::engine {

namespace {

using namespace std::chrono_literals;

// A little more than a wake-up costs. Yielding, since on a busy machine the processor that a spinning worker holds
// is the very one that its listener needs: busy waiting took several times the CPU of the jobs.
constexpr auto kSpin = 50us;
constexpr std::uint32_t kQueueLeast = 64;
// The queue's nodes are allocated once, for the largest pool; how many are used is counted.
constexpr std::uint32_t kQueueMost = 2 * WorkerPool::kWorkersMost;

constexpr std::uint32_t queue_limit(std::uint32_t workers) {
  return std::max(2 * workers, kQueueLeast);
}
constexpr std::size_t kResumptionNodes = 1024;
// A coroutine that resumes itself for ever must not keep jobs from starting.
constexpr std::uint32_t kResumptionsInARow = 64;

}  // namespace

WorkerPool::WorkerPool(std::uint32_t workers, std::string name,
                       std::function<void(const std::exception_ptr&)> on_failure)
    : name_(std::move(name)),
      queue_(kQueueMost),
      queue_limit_(queue_limit(workers)),
      resumptions_(kResumptionNodes),
      size_(workers),
      context_(std::make_unique<PoolContext>(*this, std::move(on_failure))) {}

WorkerPool::~WorkerPool() {
  BRAID_ASSERT(workers_.empty() && retired_.empty(), "a pool ends only after stop()");
  if (!closed_.load(std::memory_order_relaxed)) close();  // it was never started
}

const boost::asio::any_io_executor* WorkerPool::executor() const {
  return &context_->executor();
}

void WorkerPool::start() {
  const std::lock_guard lock(sizing_mutex_);
  started_ = true;
  for (std::uint32_t i = 0; i < size_; ++i) start_worker();
}

void WorkerPool::start_worker() {
  auto worker = std::make_shared<Worker>();
  working_.fetch_add(1, std::memory_order_relaxed);  // it closes nothing: who adds to the workers keeps stop() out
  try {
    worker->thread = std::jthread([pool = shared_from_this(), worker,
                                   name = name_ + std::to_string(names_)]() mutable {
      name_this_thread(name);
      pool->work(*worker);
      pool.reset();  // before the owner hears of the end: the last one to go must not be a thread nobody waits for
      worker->ended.raise();
    });
  } catch (...) {
    working_.fetch_sub(1, std::memory_order_relaxed);
    throw;
  }
  ++names_;
  workers_.push_back(std::move(worker));
}

Result<void> WorkerPool::resize(std::uint32_t workers) {
  if (workers < 1 || workers > kWorkersMost) {
    return Error(Error::Kind::invalid_setting,
                 "a pool has 1 to " + std::to_string(kWorkersMost) + " workers, not " + std::to_string(workers));
  }
  Result<void> result;
  {
    const std::lock_guard lock(sizing_mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return Error(Error::Kind::closed, "the pool has stopped");
    if (started_ && workers > size_) {
      result = grow_to(workers);
    } else {
      if (started_) surplus_.fetch_add(size_ - workers, std::memory_order_seq_cst);
      size_ = workers;
    }
    queue_limit_.store(queue_limit(size_), std::memory_order_relaxed);
  }
  wake_if_needed();                // the surplus ones that are parked end one behind the other
  wake_those_who_wait_for_room();  // there may be more now
  return result;
}

std::uint32_t WorkerPool::size() const {
  const std::lock_guard lock(sizing_mutex_);
  return size_;
}

Result<void> WorkerPool::grow_to(std::uint32_t workers) {
  // Those that were to end and have not done so stay.
  while (size_ < workers && claim_surplus()) ++size_;
  for (; size_ < workers; ++size_) {
    try {
      start_worker();
    } catch (const std::system_error& failure) {
      return Error(Error::Kind::other,
                   "the system has no thread more than " + std::to_string(size_) + " workers: " + failure.what() +
                       "; raise its limits, or ask for fewer",
                   true);
    }
  }
  return {};
}

bool WorkerPool::claim_surplus() {
  std::uint32_t surplus = surplus_.load(std::memory_order_seq_cst);
  while (surplus > 0) {
    if (surplus_.compare_exchange_weak(surplus, surplus - 1, std::memory_order_seq_cst)) return true;
  }
  return false;
}

std::uint32_t WorkerPool::stop(Time deadline) {
  std::vector<std::shared_ptr<Worker>> workers;
  {
    const std::lock_guard lock(sizing_mutex_);
    stopping_.store(true, std::memory_order_seq_cst);
    workers.swap(workers_);
    workers.insert(workers.end(), retired_.begin(), retired_.end());
    retired_.clear();
  }
  wake_ups_.release(workers.size());
  std::uint32_t left = 0;
  for (const auto& worker : workers) {
    if (worker->ended.wait_until(deadline)) {
      worker->thread.join();
    } else {
      worker->thread.detach();
      ++left;
    }
  }
  // From now on nobody would run it. Until now what jobs submit is run, as the rest of the queue is.
  ended_.store(true, std::memory_order_release);
  return left;
}

bool WorkerPool::try_submit(Job& job) {
  if (ended_.load(std::memory_order_acquire)) return false;
  if (queued_.fetch_add(1, std::memory_order_seq_cst) >= queue_limit_.load(std::memory_order_relaxed)) {
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
  return queued_.load(std::memory_order_seq_cst) > 0 || resumable_.load(std::memory_order_seq_cst) > 0 ||
         surplus_.load(std::memory_order_seq_cst) > 0;
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
  if (left <= queue_limit_.load(std::memory_order_relaxed) / 2 &&
      somebody_waits_for_room_.load(std::memory_order_seq_cst)) {
    wake_those_who_wait_for_room();
  }
  return job;
}

// Waits a moment for a job. Requires that the caller holds searching_; gives it up.
Job* WorkerPool::search() {
  Job* job = take();
  const auto until = std::chrono::steady_clock::now() + kSpin;
  while (job == nullptr && surplus_.load(std::memory_order_relaxed) == 0 &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
    job = take();
  }
  searching_.store(false, std::memory_order_seq_cst);
  return job;
}

// nullptr: this worker ends.
Job* WorkerPool::next_job() {
  Job* job = nullptr;
  // To end is like taking a job: it is counted, nobody does it with searching_ in hand, and who has it wakes the
  // next one below while anything waits. So no submission that relied on this worker is lost with it.
  while (!claim_surplus()) {
    job = take();
    if (job != nullptr || stopping_.load(std::memory_order_seq_cst)) break;
    if (!searching_.exchange(true, std::memory_order_seq_cst)) job = search();
    // Who is woken is the one that searches: who woke it has set the flag.
    if (job == nullptr && park()) job = search();
    if (job != nullptr) break;
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

void WorkerPool::work(Worker& self) {
  while (Job* job = next_job()) job->run();
  retire(self);
  // Acquire and release: the last one sees what the others left.
  if (working_.fetch_sub(1, std::memory_order_acq_rel) == 1) close();
}

// A surplus worker joins those that ended before it and leaves itself to the next: of all that ever ended, one
// thread at most is left unjoined. Behind stop() all are the owner's.
void WorkerPool::retire(Worker& self) {
  std::vector<std::shared_ptr<Worker>> before;
  {
    const std::lock_guard lock(sizing_mutex_);
    const auto mine =
        std::find_if(workers_.begin(), workers_.end(), [&](const auto& worker) { return worker.get() == &self; });
    if (mine == workers_.end()) return;
    before.swap(retired_);
    retired_.push_back(std::move(*mine));
    workers_.erase(mine);
  }
  for (const auto& worker : before) worker->thread.join();
}

}  // namespace braid::engine
