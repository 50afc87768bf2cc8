#pragma once

#include "engine/threads/event_wake_up.hpp"
#include "engine/threads/guarded_by.hpp"
#include "engine/threads/latch_flag.hpp"
#include "runtime/connections/connection_supervisor.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace braid::runtime {

// The thread that turns a supervisor of connections (braid-conns). It waits for nobody without a deadline, and is
// always joined. Thread: the owner's, but for request_stop().
class SupervisorThread {
 public:
  // Requires join(), if started.
  ~SupervisorThread();
  SupervisorThread() = default;
  SupervisorThread(const SupervisorThread&) = delete;
  SupervisorThread& operator=(const SupervisorThread&) = delete;

  // What the supervisor is told to notify.
  [[nodiscard]] const std::shared_ptr<engine::EventWakeUp>& notifier() const { return wake_up_; }
  void start(std::unique_ptr<ConnectionSupervisor> supervisor, engine::Log& log);
  // Waits until the first connections run, or could not start. Returns why they could not.
  std::optional<std::string> wait_started();
  // See ConnectionSupervisor::stop(). Thread: any.
  void request_stop(engine::Time deadline, bool at_once);
  // Behind request_stop(): returns a moment behind its deadline at the latest, with what was left behind.
  engine::LeftBehind join();

 private:
  void run(engine::Log& log);
  void obey();

  std::shared_ptr<engine::EventWakeUp> wake_up_ = std::make_shared<engine::EventWakeUp>();
  std::unique_ptr<ConnectionSupervisor> supervisor_;  // the thread's, from start() to its end
  engine::LatchFlag started_;
  std::optional<std::string> start_failure_;  // written before `started_` is raised
  std::mutex mutex_;
  std::optional<engine::Time> stop_by_ BRAID_GUARDED_BY(mutex_);
  bool at_once_ BRAID_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace braid::runtime
