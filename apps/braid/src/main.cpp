#include "apps/braid/src/commands/command.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace {

constexpr const char* kExitStatuses =
    "Exit status: 0 done; 1 runtime error, or the end was not reached; 2 wrong usage or settings;\n"
    "126 the program to run can't be executed; 127 there is no such program; 130 ended by a signal.";

int status(braid::app::ExitStatus exit_status) {
  return static_cast<int>(exit_status);
}

}  // namespace

int main(int argc, char** argv) {
  using braid::app::ExitStatus;
  try {
    CLI::App app("Braid's tools for those who operate it", "braid");
    app.footer(kExitStatuses);
    app.require_subcommand(1);
    app.failure_message([](const CLI::App*, const CLI::Error& error) {
      return std::string("braid: ") + error.what() + "; --help tells more\n";
    });
    braid::app::Run run;
    braid::app::register_dlq(app, run);
    braid::app::register_swarm(app, run);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      // CLI11 has an exit code for each kind of mistake; to a caller they are all wrong usage. Help is none.
      return app.exit(error) == 0 ? status(ExitStatus::success) : status(ExitStatus::usage_error);
    }
    return status(run());
  } catch (const std::exception& error) {
    std::cerr << "braid: " << error.what() << '\n';
    return status(ExitStatus::runtime_error);
  }
}
