#pragma once

#include "simulation/census.hpp"

#include <cstdint>
#include <string>

namespace braid::simulation {

// How one seed went.
struct Outcome {
  std::string failure;  // empty: every guarantee held
  std::uint64_t step = 0;
  std::string trace;  // the last steps before the failure
};

// Runs one seed from the first process to the last message: some processes, topics and messages, a time of trouble,
// then calm, until all is done and stored, and all is freed. Adds what happened to the census.
Outcome run_seed(std::uint64_t seed, Census& census);

// For whoever reports an end of the program that no guarantee saw coming: the seed that runs, and its last steps.
std::string describe_running_seed();

}  // namespace braid::simulation
