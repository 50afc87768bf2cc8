#pragma once

#include "benchmark/shared/pass.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::benchmarks {

struct Options {
  std::string pass;     // "raw" or "braid": this is a child, and `request` says what to do
  PassRequest request;  // `messages` 0: 3 million, or as many as the broker holds
  std::uint32_t rounds = 5;
  std::uint32_t passes = 0;  // of each side in a round; 0: as many as make 5 s
  std::vector<std::uint32_t> max_messages{1000, 100};
  std::vector<std::string> kafka;  // KEY=VALUE
  bool per_thread = false;
};

// The exit status where there is nothing to run: --help, or wrong usage.
std::optional<int> parse(int argc, char** argv, Options& options);

}  // namespace braid::benchmarks
