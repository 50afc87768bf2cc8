#include "apps/clickstream/src/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace clickstream {
namespace {

// Handlers reach nothing but globals. Lock-free, or it could not be touched in one.
std::atomic<bool> raised{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void handle_signal(int signal) {
  if (raised.exchange(true)) _exit(128 + signal);
}

void set_handler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  raised = false;
  set_handler(handle_signal);
}

Interrupt::~Interrupt() {
  set_handler(SIG_DFL);
}

bool Interrupt::requested() noexcept {
  return raised;
}

}  // namespace clickstream
