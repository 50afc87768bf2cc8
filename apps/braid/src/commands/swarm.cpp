#include "apps/braid/src/swarm.hpp"

#include "apps/braid/src/child_process.hpp"
#include "apps/braid/src/commands/command.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace braid::app {
namespace {

constexpr const char* kFooter =
    R"(Starts N processes of one program, which know by their environment that they are nodes 0 to N-1 of N: an application
of Braid's appends the node to its client.id and its group.instance.id, and sends heartbeats while its listeners turn.

Restarts. What ends otherwise than with 0 is started again, after --backoff seconds, twice as long each time up to
--backoff-max; who has lived for --stable-after begins anew. Who ends with 0 has finished, unless --restart-finished.
Above --memory-limit a process is sent SIGTERM and started again, one at a time. Without a heartbeat for --stuck-after
it is sent SIGTTIN, for a dump, then SIGABRT, then SIGKILL.

Signals. SIGTERM and SIGINT are passed on and end the swarm; what still runs after --stop-timeout, or at the second
one, is killed. SIGHUP, SIGTSTP, SIGTTIN and SIGCONT are passed on. If this program dies, its processes die with it.

Static members (--group-instance-id, or group.instance.id in the program) that are back within session.timeout.ms get
their partitions again without a rebalance; keep --backoff-max well below.

Exit status: 0 every process ended with 0, or by the signal that was passed on; 1 one did not, was killed, or was
given up; 2 wrong usage; 126 the program can't be executed; 127 there is no such program.

Example:
  braid swarm --processes 4 --memory-limit 1500M --group-instance-id orders -- ./orders --config orders.yaml)";

struct Options {
  SwarmOptions swarm{};
  double stuck_after = 30;
  double stop_timeout = 40;
  double backoff = 0.5;
  double backoff_max = 10;
  double stable_after = 60;
  std::string memory_limit{};
  std::vector<std::string> command{};
};

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// "1500M", "2G", "100000"; none: no such size.
std::optional<std::uint64_t> bytes_of(const std::string& text) {
  std::uint64_t unit = 1;
  std::string digits = text;
  if (!digits.empty()) {
    const std::string_view units = "KMG";
    if (const auto at = units.find(digits.back()); at != std::string_view::npos) {
      for (std::size_t i = 0; i <= at; ++i) unit *= 1024;
      digits.pop_back();
    }
  }
  if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos) return {};
  return std::stoull(digits) * unit;
}

void add_seconds(CLI::App& command, const char* name, double& value, double least, const char* what) {
  command.add_option(name, value, what)
      ->type_name("SECONDS")
      ->check(CLI::Range(least, 86'400.0))
      ->capture_default_str();
}

void add_options(CLI::App& command, const std::shared_ptr<Options>& options) {
  SwarmRules& rules = options->swarm.rules;
  command.add_option("--processes", rules.processes, "How many processes")->required()->check(CLI::Range(1, 1'000));
  command.add_option("--group-instance-id", options->swarm.group_instance_id,
                     "Static membership: the id that the processes make theirs of, where they set none");
  command.add_option("--memory-limit", options->memory_limit, "Resident bytes of a process, with K, M or G behind")
      ->type_name("SIZE")
      ->check([](const std::string& text) -> std::string {
        return bytes_of(text) ? "" : "expected a size such as 1500M, is '" + text + "'";
      });
  add_seconds(command, "--stuck-after", options->stuck_after, 0, "Without a heartbeat (0: never)");
  add_seconds(command, "--stop-timeout", options->stop_timeout, 0, "What has not ended by then is killed");
  add_seconds(command, "--backoff", options->backoff, 0, "Before the first restart");
  add_seconds(command, "--backoff-max", options->backoff_max, 0, "Before any restart, at most");
  add_seconds(command, "--stable-after", options->stable_after, 0, "A life so long ends the doubling");
  command.add_option("--max-failures", rules.max_failures, "In a row, then a node is given up (0: never)")
      ->capture_default_str();
  command.add_flag("--restart-finished", rules.restart_finished, "Start again what has ended with 0, too");
  command.add_option("command", options->command, "The program and its arguments, behind --")
      ->type_name("PROGRAM ARGUMENTS...");
}

ExitStatus run(Options options) {
  if (options.command.empty()) {
    std::cerr << "braid: swarm: no program; name one behind --, as in: braid swarm --processes 2 -- ./orders\n";
    return ExitStatus::usage_error;
  }
  SwarmOptions& swarm = options.swarm;
  swarm.program = options.command.front();
  swarm.arguments.assign(options.command.begin() + 1, options.command.end());
  swarm.rules.stuck_after = milliseconds_of(options.stuck_after);
  swarm.rules.stop_timeout = milliseconds_of(options.stop_timeout);
  swarm.rules.backoff = milliseconds_of(options.backoff);
  swarm.rules.backoff_max = milliseconds_of(std::max(options.backoff, options.backoff_max));
  swarm.rules.stable_after = milliseconds_of(options.stable_after);
  swarm.rules.memory_limit = options.memory_limit.empty() ? 0 : bytes_of(options.memory_limit).value_or(0);
  try {
    const SwarmOutcome outcome = run_swarm(swarm, std::cerr);
    print(outcome, std::cout);
    return outcome.ended_well ? ExitStatus::success : ExitStatus::runtime_error;
  } catch (const CannotRun& problem) {
    std::cerr << "braid: swarm: " << problem.what() << '\n';
    return problem.status();
  }
}

}  // namespace

void register_swarm(CLI::App& app, Run& run_command) {
  CLI::App* const command = app.add_subcommand("swarm", "Run and watch several processes of one program");
  command->footer(kFooter);
  const auto options = std::make_shared<Options>();
  add_options(*command, options);
  command->callback([&run_command, options] { run_command = [options] { return run(*options); }; });
}

}  // namespace braid::app
