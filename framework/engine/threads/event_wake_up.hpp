#pragma once

#include "engine/ports/job_pool.hpp"
#include "engine/ports/waiter.hpp"

#include <atomic>

namespace braid::engine {

// One eventfd: many threads notify, one waits. Notifications between two waits cost one system call together.
// Thread: notify() any; wait_until() the owner's.
class EventWakeUp final : public Notifier, public Waiter {
 public:
  EventWakeUp();  // throws std::system_error when the process is out of descriptors
  ~EventWakeUp() override;
  EventWakeUp(const EventWakeUp&) = delete;
  EventWakeUp& operator=(const EventWakeUp&) = delete;

  void notify() noexcept override;
  void wait_until(Time until) override;

 private:
  int descriptor_;
  // seq_cst: the owner clears it before it looks at its inboxes, so who posted before a notify that was swallowed
  // is found by that look.
  std::atomic<bool> notified_{false};
};

}  // namespace braid::engine
