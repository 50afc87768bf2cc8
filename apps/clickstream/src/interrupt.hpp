#pragma once

namespace clickstream {

/// While it lives, the first SIGINT or SIGTERM only raises a flag, and the second ends the process at once.
/// Signals belong to the whole process: at most one of these at a time. Thread: made and destroyed by one;
/// requested() by any.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool requested() noexcept;
};

}  // namespace clickstream
