#pragma once

#include "apps/braid/src/exit_status.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace braid::app {

// What the chosen command does; set while the arguments are parsed. Throws std::exception for a runtime error,
// which becomes one line and ExitStatus::runtime_error.
using Run = std::function<ExitStatus()>;

// `braid dlq replay`. Adds the subcommand and its options, and has its callback set `run`.
void register_dlq(CLI::App& app, Run& run);

// `braid swarm`, likewise.
void register_swarm(CLI::App& app, Run& run);

}  // namespace braid::app
