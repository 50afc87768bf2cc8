#pragma once

#include "apps/clickstream/src/exit_status.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace clickstream {

/// What the chosen command does; set while the arguments are parsed. Throws std::exception for a runtime error,
/// which becomes one line and ExitStatus::runtime_error.
using Run = std::function<ExitStatus()>;

/// To add a command NAME: a file commands/NAME.cpp that defines register_NAME, and its line in commands/list.def.
/// register_NAME adds the subcommand and its options to `app`, and has its callback set `run`.
#define CLICKSTREAM_COMMAND(name) void register_##name(CLI::App& app, Run& run);
#include "apps/clickstream/src/commands/list.def"
#undef CLICKSTREAM_COMMAND

}  // namespace clickstream
