#include "apps/clickstream/src/streaming/demo.hpp"

#include "apps/clickstream/src/commands/command.hpp"
#include "apps/clickstream/src/commands/kafka_options.hpp"
#include "apps/clickstream/src/commands/temporary_csv.hpp"
#include "apps/clickstream/src/commands/whole_number.hpp"
#include "apps/clickstream/src/format.hpp"
#include "apps/clickstream/src/interrupt.hpp"
#include "apps/clickstream/src/progress.hpp"
#include "apps/clickstream/src/terminal.hpp"

#include <braid/routing/problem.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>

namespace clickstream {
namespace {

struct Options {
  DemoOptions demo;
  std::string csv;
  std::string routes;
  std::uint64_t generate = 0;
  std::uint64_t seed = 1;
  bool strict = false;
};

ExitStatus run(Options& options) {
  DemoOptions& demo = options.demo;
  const Interrupt interrupt;
  demo.interrupted = &Interrupt::requested;
  demo.terminal = is_terminal(stdout);
  demo.routes_file = options.routes.empty() ? default_routes_file() : std::filesystem::path(options.routes);
  demo.csv = options.csv.empty() ? sample_file() : std::filesystem::path(options.csv);
  if (options.csv.empty()) demo.source = "the sample, apps/clickstream/data/sample.csv";

  std::optional<TemporaryCsv> generated;
  if (options.generate > 0) {
    Progress progress(std::cout, {"generated", "events", demo.terminal});
    generated.emplace(options.generate, options.seed,
                      [&](std::uint64_t done) { progress.update(done, options.generate); });
    progress.finish();
    demo.csv = generated->path();
    demo.source = with_thousands(options.generate) + " generated events, seed " + std::to_string(options.seed);
  }
  if (Interrupt::requested()) return ExitStatus::interrupted;
  // The file is read twice, once for the comparison.
  if (std::filesystem::exists(demo.csv) && !std::filesystem::is_regular_file(demo.csv)) {
    throw std::runtime_error("can't use " + demo.csv.string() + ": it is not a regular file");
  }

  const DemoOutcome outcome = run_demo(demo, std::cout);
  std::cout << '\n';
  if (outcome.interrupted) {
    std::cout << with_thousands(outcome.figures.totals.counts().events) << " events had been processed\n";
    return ExitStatus::interrupted;
  }
  print_report(outcome.figures, std::cout, wants_colour(stdout));
  std::cout << '\n';
  print_results(outcome.figures, std::cout);
  std::cout.flush();
  if (!outcome.figures.verification->ok()) return ExitStatus::runtime_error;
  return options.strict && outcome.figures.malformed.count() > 0 ? ExitStatus::malformed_lines
                                                                 : ExitStatus::success;
}

ExitStatus run_demo_command(Options& options) {
  try {
    return run(options);
  } catch (const braid::routing::InvalidRoutes& invalid) {
    std::cerr << invalid.what() << '\n';
  } catch (const std::invalid_argument& invalid) {
    std::cerr << "clickstream: " << invalid.what() << '\n';
  }
  return ExitStatus::usage_error;
}

}  // namespace

void register_demo(CLI::App& app, Run& run) {
  CLI::App* const command = app.add_subcommand(
      "demo", "Send a clickstream to Kafka, process it in virtual partitions meanwhile, and verify the totals");
  const auto options = std::make_shared<Options>();
  DemoOptions& demo = options->demo;
  auto* const csv = command->add_option("--csv", options->csv,
                                        "The file, with the data set's columns in any order; "
                                        "without it, the sample of 10,000 events");
  command->add_option("--generate", options->generate, "Generate so many events instead of reading a file")
      ->check(whole_number(1, 1'000'000'000))
      ->excludes(csv);
  command->add_option("--seed", options->seed, "Which events to generate")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str();
  command->add_option("--events", demo.events_max, "Read no more than so many events")
      ->check(whole_number(1, std::numeric_limits<std::uint64_t>::max()));
  command->add_option("--bootstrap", demo.bootstrap,
                      "HOST:PORT[,HOST:PORT...] of a Kafka cluster; without it, one runs in this process");
  command->add_option("--topic", demo.topic, "Instead of the routing file's topic");
  const auto kafka = std::make_shared<braid::routing::KafkaSettings>();
  add_kafka_option(*command, kafka);
  command->add_option("--routes", options->routes, "The routing file; without it, apps/clickstream/routing.yaml");
  command->add_option("--concurrency", demo.concurrency, "How many virtual partitions run at once")
      ->check(whole_number(1, 10'000))
      ->capture_default_str();
  command->add_option("--rate", demo.rate, "Send no more than so many events a second")
      ->check(whole_number(1, 1'000'000'000));
  command
      ->add_option("--ops-port", demo.ops_port,
                   "Show on this port of loopback what it does: a page, JSON, metrics; 0: any that is free")
      ->check(whole_number(0, 65'535));
  command->add_option("--ops-token", demo.ops_token,
                      "Who has this token, of 16 characters at least, may command there");
  command->add_flag("--strict", options->strict, "Exit with status 3 if a line is malformed");
  command->add_flag("--verbose", demo.verbose, "Log what the framework does");
  command->callback([&run, options, kafka] {
    run = [options, kafka] {
      options->demo.kafka = *kafka;
      return run_demo_command(*options);
    };
  });
}

}  // namespace clickstream
