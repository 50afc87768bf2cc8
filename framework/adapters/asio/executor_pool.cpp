#include "adapters/asio/executor_pool.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace braid::adapters {

// A job on its way through the host's executor. An executor that ends destroys what it did not run: the job is
// abandoned then, or its partition would wait for it for ever.
class ExecutorPool::Posted {
 public:
  Posted(std::shared_ptr<ExecutorPool> pool, engine::Job& job, Kind kind)
      : pool_(std::move(pool)), job_(&job), kind_(kind) {}
  Posted(Posted&& other) noexcept
      : pool_(std::move(other.pool_)), job_(std::exchange(other.job_, nullptr)), kind_(other.kind_) {}
  ~Posted() {
    if (job_ == nullptr) return;
    begin();
    job_->abandon();
    pool_->leave();
  }
  void operator()() {
    begin();
    std::exchange(job_, nullptr)->run();
    pool_->leave();
  }

 private:
  void begin() {
    if (kind_ == Kind::submitted) pool_->began();
  }

  std::shared_ptr<ExecutorPool> pool_;
  engine::Job* job_;
  Kind kind_;
};

ExecutorPool::ExecutorPool(boost::asio::any_io_executor executor, std::uint32_t queue_limit)
    : executor_(std::move(executor)), queue_limit_(queue_limit) {}

bool ExecutorPool::enter() {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  ++posted_;
  return true;
}

void ExecutorPool::leave() {
  const std::lock_guard lock(mutex_);
  if (--posted_ == 0) all_back_.notify_all();
}

void ExecutorPool::began() {
  const std::uint32_t left = queued_.fetch_sub(1, std::memory_order_seq_cst) - 1;
  if (left > queue_limit_ / 2 || !somebody_waits_for_room_.load(std::memory_order_seq_cst)) return;
  const std::lock_guard lock(mutex_);
  somebody_waits_for_room_.store(false, std::memory_order_seq_cst);
  // Under the lock, so that one who cancelled is not told any more; a notification only writes to a descriptor.
  for (engine::Notifier* notifier : wait_for_room_) notifier->notify();
  wait_for_room_.clear();
}

bool ExecutorPool::try_submit(engine::Job& job) {
  if (queued_.fetch_add(1, std::memory_order_seq_cst) >= queue_limit_ || !enter()) {
    queued_.fetch_sub(1, std::memory_order_seq_cst);
    return false;
  }
  boost::asio::post(executor_, Posted(shared_from_this(), job, Kind::submitted));
  return true;
}

void ExecutorPool::resume(engine::Job& job) {
  if (!enter()) {
    job.abandon();
    return;
  }
  boost::asio::post(executor_, Posted(shared_from_this(), job, Kind::resumed));
}

void ExecutorPool::notify_when_room(engine::Notifier& notifier) {
  const std::lock_guard lock(mutex_);
  if (std::find(wait_for_room_.begin(), wait_for_room_.end(), &notifier) == wait_for_room_.end()) {
    wait_for_room_.push_back(&notifier);
  }
  somebody_waits_for_room_.store(true, std::memory_order_seq_cst);
}

void ExecutorPool::cancel(engine::Notifier& notifier) {
  const std::lock_guard lock(mutex_);
  std::erase(wait_for_room_, &notifier);
}

std::uint32_t ExecutorPool::stop(engine::Time deadline) {
  std::unique_lock lock(mutex_);
  all_back_.wait_until(lock, deadline, [this] { return posted_ == 0; });
  stopped_ = true;
  return posted_;
}

Result<void> ExecutorPool::resize(std::uint32_t /*workers*/) {
  return Error(Error::Kind::invalid_setting,
               "jobs run on the host's executor, whose threads are the host's; change their number there");
}

}  // namespace braid::adapters
