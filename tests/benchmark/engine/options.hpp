#pragma once

#include "benchmark/shared/pass.hpp"
#include "rows.hpp"

#include <optional>
#include <string>
#include <vector>

namespace braid::benchmarks {

struct Options {
  Extent extent;
  std::vector<std::string> rows;  // none: all
  bool strict = false;
  std::string bootstrap;
  std::map<std::string, std::string> settings;
  // A child's work, or something to profile.
  std::string part;
  std::vector<std::string> part_words;
  std::string pass;
  PassRequest request;
};

// The exit status where there is nothing to run: --help, or wrong usage.
std::optional<int> parse(int argc, char** argv, Options& options);

}  // namespace braid::benchmarks
