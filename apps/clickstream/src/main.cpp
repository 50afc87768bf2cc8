#include "apps/clickstream/src/commands/command.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>

namespace {

constexpr const char* exit_statuses =
    "Exit status: 0 done; 1 runtime error; 2 wrong usage or configuration; 3 malformed lines, under --strict;\n"
    "130 ended by a signal.";

int status(clickstream::ExitStatus exit_status) {
  return static_cast<int>(exit_status);
}

}  // namespace

int main(int argc, char** argv) {
  using clickstream::ExitStatus;
  try {
    CLI::App app("Braid's clickstream: e-commerce events, processed in virtual partitions by user", "clickstream");
    app.footer(exit_statuses);
    app.require_subcommand(1);
    clickstream::Run run;
#define CLICKSTREAM_COMMAND(name) clickstream::register_##name(app, run);
#include "apps/clickstream/src/commands/list.def"
#undef CLICKSTREAM_COMMAND

    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      // CLI11 has an exit code for each kind of mistake; to a caller they are all wrong usage. Help is none.
      return app.exit(error) == 0 ? status(ExitStatus::success) : status(ExitStatus::usage_error);
    }
    return status(run());
  } catch (const std::exception& error) {
    std::cerr << "clickstream: " << error.what() << '\n';
    return status(ExitStatus::runtime_error);
  }
}
