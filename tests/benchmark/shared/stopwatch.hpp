#pragma once

#include "pass.hpp"

#include <chrono>
#include <vector>

namespace braid::benchmarks {

// Wall-clock and CPU time of the process between two moments. Thread: begin() and end() each on any, in this order.
class Stopwatch {
 public:
  void begin();
  void end();
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(ended_ - began_).count(); }
  [[nodiscard]] double cpu_seconds() const { return cpu_ended_ - cpu_began_; }

 private:
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point ended_;
  double cpu_began_ = 0;
  double cpu_ended_ = 0;
};

// CPU time of each thread of this process until now, workers and broker threads added up; the kernel's own books.
std::vector<ThreadTime> thread_times();

}  // namespace braid::benchmarks
