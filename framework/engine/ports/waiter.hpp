#pragma once

#include "engine/ports/clock.hpp"

namespace braid::engine {

// How a listener sleeps. Thread: the listener's; what wakes it is a Notifier, which any thread may call.
class Waiter {
 public:
  virtual ~Waiter() = default;
  // Returns when the listener's notifier was notified since the last return, or at `until`.
  virtual void wait_until(Time until) = 0;
};

}  // namespace braid::engine
