#include "simulation/stepped_pool.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <utility>

namespace braid::simulation {

SteppedPool::SteppedPool(World& world, int process, std::uint32_t workers, std::size_t queue_limit)
    : world_(world), queue_limit_(queue_limit), workers_(workers) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i].task = &world_.start_task(process, [this, i] { work(i); });
    world_.run(*workers_[i].task);  // to where it is idle
  }
}

bool SteppedPool::try_submit(engine::Job& job) {
  world_.preempt();
  if (ending_) {
    // Whoever settles a ticket may do it behind the end, and a batch may be armed behind it.
    return false;
  }
  if (queue_.size() >= queue_limit_) {
    world_.happened(Happening::pool_was_full);
    return false;
  }
  queue_.push_back(&job);
  const Task* task = world_.current();
  const bool by_worker =
      std::any_of(workers_.begin(), workers_.end(), [&](const Worker& worker) { return worker.task == task; });
  if (by_worker) world_.happened(Happening::armed_batch_started_by_worker);
  world_.preempt();
  return true;
}

void SteppedPool::notify_when_room(engine::Notifier& notifier) {
  world_.preempt();
  if (std::find(wait_for_room_.begin(), wait_for_room_.end(), &notifier) == wait_for_room_.end()) {
    wait_for_room_.push_back(&notifier);
  }
}

void SteppedPool::cancel(engine::Notifier& notifier) {
  std::erase(wait_for_room_, &notifier);
}

bool SteppedPool::can_begin() const {
  return (!queue_.empty() || !resumed_.empty()) &&
         std::any_of(workers_.begin(), workers_.end(),
                     [](const Worker& worker) { return worker.task->state == Task::State::idle; });
}

bool SteppedPool::begin_one() {
  if (!can_begin()) return false;
  std::vector<Worker*> free;
  for (Worker& worker : workers_) {
    if (worker.task->state == Task::State::idle) free.push_back(&worker);
  }
  Worker& worker = *world_.random.one_of(free);
  worker.job = take_one();
  ++at_work_;
  world_.run(*worker.task);
  return true;
}

engine::Job* SteppedPool::take_one() {
  std::vector<engine::Job*>& from = resumed_.empty() ? queue_ : resumed_;
  // Any: a real worker may be held up between taking a job and beginning it.
  const std::size_t index = world_.random.below(from.size());
  engine::Job* const job = from[index];
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
  if (&from == &queue_ && queue_.size() <= queue_limit_ / 2) {
    for (engine::Notifier* notifier : std::exchange(wait_for_room_, {})) notifier->notify();
  }
  return job;
}

void SteppedPool::resume(engine::Job& job) {
  world_.preempt();
  if (ending_) {
    world_.happened(Happening::resumed_after_end);
    job.abandon();
    return;
  }
  world_.happened(Happening::resumed);
  resumed_.push_back(&job);
  world_.preempt();
}

// The worker looks again now and then: who notifies `changed` is no task of ours.
bool SteppedPool::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& /*changed*/,
                       std::chrono::milliseconds most, const std::function<bool()>& done) {
  const engine::Time until = world_.clock.now() + most;
  while (!done()) {
    if (world_.clock.now() >= until) return false;
    lock.unlock();
    world_.wait(std::min<engine::Time>(
                    until, world_.clock.now() + std::chrono::microseconds(world_.random.between(1, 5'000))),
                false);
    lock.lock();
  }
  return true;
}

void SteppedPool::work(std::size_t index) {
  for (;;) {
    world_.idle();
    if (ending_) return;
    Task& task = *workers_[index].task;
    task.was_in_user_code = false;
    task.shares = 0;
    std::exchange(workers_[index].job, nullptr)->run();
    if (!task.was_in_user_code) world_.happened(Happening::job_never_started);
    --at_work_;
  }
}

void SteppedPool::end() {
  BRAID_ASSERT(quiet(), "a pool ends when its work is done");
  ending_ = true;
  for (Worker& worker : workers_) world_.run(*worker.task);
}

}  // namespace braid::simulation
