#include "apps/clickstream/src/commands/command.hpp"
#include "apps/clickstream/src/commands/whole_number.hpp"
#include "apps/clickstream/src/generator.hpp"
#include "apps/clickstream/src/progress.hpp"
#include "apps/clickstream/src/terminal.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace clickstream {
namespace {

// About 140 GB: a slip of the finger must not fill a disk.
constexpr std::uint64_t events_max = 1'000'000'000;

struct Options {
  std::uint64_t events = 10'000;
  std::uint64_t seed = 1;
  std::string output = "-";
};

std::runtime_error failure(const char* what, const std::string& path) {
  const int error = errno;
  return std::runtime_error(std::string("can't ") + what + " " + path + ": " +
                            (error == 0 ? "unknown error" : std::generic_category().message(error)));
}

ExitStatus run_generate(const Options& options) {
  const bool to_file = options.output != "-";
  std::ofstream file;
  errno = 0;
  if (to_file) {
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) throw failure("open", options.output);
  }
  std::ostream& out = to_file ? static_cast<std::ostream&>(file) : std::cout;

  {
    Progress progress(std::cerr, {"generated", "events", true});
    // A file of many events takes seconds; a pipe's reader has its own say.
    const bool shown = to_file && is_terminal(stderr);
    generate_events(options.events, options.seed, out, [&](std::uint64_t done) {
      if (shown) progress.update(done, options.events);
    });
  }
  if (to_file) file.close();
  if (!out) throw failure("write", to_file ? options.output : "standard output");
  return ExitStatus::success;
}

}  // namespace

void register_generate(CLI::App& app, Run& run) {
  CLI::App* const command = app.add_subcommand("generate", "Write an invented clickstream, the same for each seed");
  const auto options = std::make_shared<Options>();
  command->add_option("--events", options->events, "How many events")
      ->check(whole_number(0, events_max))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Which clickstream")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str();
  command->add_option("--output", options->output, "The file to write; - is standard output")
      ->capture_default_str();
  command->callback([&run, options] { run = [options] { return run_generate(*options); }; });
}

}  // namespace clickstream
