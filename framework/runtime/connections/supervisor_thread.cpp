#include "runtime/connections/supervisor_thread.hpp"

#include "core/assert.hpp"
#include "engine/threads/thread_name.hpp"
#include "engine/worker/describe_failure.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace braid::runtime {

SupervisorThread::~SupervisorThread() {
  BRAID_ASSERT(!thread_.joinable(), "the thread of the connections' supervisor is joined by its owner");
}

void SupervisorThread::start(std::unique_ptr<ConnectionSupervisor> supervisor, engine::Log& log) {
  supervisor_ = std::move(supervisor);
  thread_ = std::jthread([this, &log] {
    engine::name_this_thread("braid-conns");
    run(log);
  });
}

void SupervisorThread::run(engine::Log& log) {
  supervisor_->start();
  bool told = false;
  while (!supervisor_->finished()) {
    engine::Time until = engine::Time::max();
    try {
      obey();
      supervisor_->turn();
      until = supervisor_->wakes_at();
    } catch (...) {
      // Short of memory, say: what was due is due again.
      log.write(engine::LogLevel::error, "connection",
                "the supervisor of connections failed: " + engine::describe_failure(std::current_exception()));
      until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    }
    if (!told && supervisor_->started()) {
      told = true;
      start_failure_ = supervisor_->start_failure();
      started_.raise();
    }
    if (!supervisor_->finished()) wake_up_->wait_until(until);
  }
  if (!told) started_.raise();
}

void SupervisorThread::obey() {
  std::optional<engine::Time> stop_by;
  bool at_once = false;
  {
    const std::lock_guard lock(mutex_);
    stop_by = stop_by_;
    at_once = at_once_;
  }
  if (stop_by) supervisor_->stop(*stop_by, at_once);
}

std::optional<std::string> SupervisorThread::wait_started() {
  started_.wait_until(engine::Time::max());
  return start_failure_;
}

void SupervisorThread::request_stop(engine::Time deadline, bool at_once) {
  {
    const std::lock_guard lock(mutex_);
    stop_by_ = stop_by_ ? std::min(*stop_by_, deadline) : deadline;
    at_once_ = at_once_ || at_once;
  }
  wake_up_->notify();
}

engine::LeftBehind SupervisorThread::join() {
  if (!thread_.joinable()) return {};
  thread_.join();
  engine::LeftBehind left = supervisor_->left_behind();
  supervisor_.reset();
  return left;
}

}  // namespace braid::runtime
