#pragma once

#include "apps/braid/src/swarm_plan.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace braid::app {

struct SwarmOptions {
  SwarmRules rules{};
  std::string program{};
  std::vector<std::string> arguments{};
  // What the processes take as group.instance.id where they set none; each makes its own of it. Empty: not told.
  std::string group_instance_id{};
};

struct SwarmOutcome {
  std::vector<NodeReport> nodes{};
  bool ended_well = false;
};

// Runs the swarm until nothing of it runs any more, by signals or since all have finished. Takes over the signals
// SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGTTIN, SIGCONT and SIGCHLD of the calling thread, which must be the only one.
// Says to `err` what happens, a line each. Throws CannotRun before anything is started.
[[nodiscard]] SwarmOutcome run_swarm(const SwarmOptions& options, std::ostream& err);

// A line for each node and one that machines read.
void print(const SwarmOutcome& outcome, std::ostream& out);

}  // namespace braid::app
