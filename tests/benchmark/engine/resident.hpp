#pragma once

#include <chrono>
#include <thread>
#include <vector>

namespace braid::benchmarks {

// This process's resident memory now, in MiB, as /proc/self/status has it.
[[nodiscard]] double resident_mb();

// Notes the resident memory each 20 ms, from its making on. Thread: its owner's, and one of its own.
class ResidentSampler {
 public:
  using Clock = std::chrono::steady_clock;

  ResidentSampler();

  struct Summary {
    double mean_mb = 0;
    double max_mb = 0;
    // The means of the second and of the last quarter of the time: about the same where the memory is flat.
    double second_quarter_mb = 0;
    double last_quarter_mb = 0;
  };
  // Ends the sampling. The quarters are those of the time from `first` to `last`, where that has samples enough to
  // speak of, else of the whole.
  [[nodiscard]] Summary finish(Clock::time_point first, Clock::time_point last);

 private:
  struct Sample {
    Clock::time_point at;
    double mb = 0;
  };

  std::vector<Sample> samples_;  // the thread's until it has ended
  std::jthread thread_;
};

}  // namespace braid::benchmarks
