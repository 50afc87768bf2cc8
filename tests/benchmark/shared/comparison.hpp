#pragma once

#include "pass.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace braid::benchmarks {

// Some passes of one side, added up.
struct Run {
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t messages = 0;
  std::uint64_t batches = 0;
  std::vector<ThreadTime> threads;

  void add(const PassResult& pass);
  [[nodiscard]] double rate() const { return static_cast<double>(messages) / seconds; }
  [[nodiscard]] double cpu_ns() const { return cpu_seconds / static_cast<double>(messages) * 1e9; }
};

struct Round {
  Run raw;
  Run braid;
  [[nodiscard]] double ratio() const { return braid.rate() / raw.rate(); }
};

// All rounds of one setting. Requires at least one round in every question.
struct Comparison {
  std::vector<Round> rounds;

  struct Spread {
    double median = 0;
    double least = 0;
    double largest = 0;
  };
  [[nodiscard]] Spread ratio() const;
  [[nodiscard]] Spread raw_rate() const;
  [[nodiscard]] Spread braid_rate() const;
  [[nodiscard]] Spread raw_cpu_ns() const;
  [[nodiscard]] Spread braid_cpu_ns() const;
};

}  // namespace braid::benchmarks
