#include "options.hpp"

#include <CLI/CLI.hpp>

#include <string_view>

namespace braid::benchmarks {
namespace {

std::string footer() {
  std::string text = "Rows:\n";
  for (const Row& row : rows()) {
    text += "  " + std::string(row.name) + std::string(12 - row.name.size(), ' ') + std::string(row.what) + "\n";
  }
  return text +
         "\nExit status: 0 all chosen rows were measured, or skipped for a reason that is said (--strict: and "
         "every\n"
         "target was reached, none skipped); 1 not so; 2 wrong usage.\n"
         "Under a profiler: perf record -g PROGRAM --part NAME KEY=VALUE..., docs/performance.md has examples.";
}

void add_pass_options(CLI::App& app, Options& options, std::string& flow) {
  PassRequest& request = options.request;
  app.add_option("--pass", options.pass, "one pass in this process: raw or braid")
      ->check(CLI::IsMember({"raw", "braid"}))
      ->group("One pass");
  app.add_option("--topic", request.topic, "an existing topic, with --messages in partition 0")->group("One pass");
  app.add_option("--messages", request.messages)->group("One pass");
  app.add_option("--max-messages", request.max_messages)->group("One pass");
  app.add_option("--concurrency", request.concurrency)->group("One pass");
  app.add_option("--commit-ms", request.commit_ms)->group("One pass");
  app.add_option("--flow", flow)->check(CLI::IsMember({"batch", "continuous"}))->group("One pass");
}

void read_settings(const std::vector<std::string>& words, std::map<std::string, std::string>& settings) {
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw CLI::ValidationError("--kafka", word + " is not KEY=VALUE");
    settings[word.substr(0, equals)] = word.substr(equals + 1);
  }
}

}  // namespace

std::optional<int> parse(int argc, char** argv, Options& options) {
  CLI::App app("The processing engine against its floors and limits, measured in the same run", "engine");
  app.footer(footer());
  std::vector<std::string> names;
  for (const Row& row : rows()) names.emplace_back(row.name);
  bool long_run = false;
  std::vector<std::string> kafka;
  std::string flow = "batch";
  app.add_option("--rows", options.rows, "comma-separated; default: all")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  auto* rounds = app.add_option("--rounds", options.extent.rounds, "of every comparison, interleaved")
                     ->capture_default_str()
                     ->check(CLI::PositiveNumber);
  app.add_flag("--long", long_run, "nine rounds, runs of the throughput of 5 s at least: what claims rest on");
  app.add_flag("--quick", options.extent.small,
               "a tenth of the messages of the throughput and the memory: for a look");
  app.add_flag("--strict", options.strict, "a missed target or a skipped row is a failure");
  app.add_option("--kafka", kafka, "KEY=VALUE of librdkafka, for both sides");
  app.add_option("--bootstrap", options.bootstrap, "HOST:PORT of a Kafka to use in place of an own one");
  app.add_option("--part", options.part, "one part in this process, with the KEY=VALUEs that follow")
      ->group("One part");
  app.add_option("words", options.part_words)->group("");
  add_pass_options(app, options, flow);
  try {
    app.parse(argc, argv);
    read_settings(kafka, options.settings);
    if (options.part.empty() && !options.part_words.empty()) {
      throw CLI::ExtrasError({options.part_words});
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (long_run) {
    options.extent.full_runs = true;
    if (rounds->empty()) options.extent.rounds = 9;
  }
  options.request.side = options.pass == "braid" ? Side::braid : Side::raw;
  options.request.bootstrap = options.bootstrap;
  options.request.settings = options.settings;
  options.request.flow = flow_by_name(flow);
  return std::nullopt;
}

}  // namespace braid::benchmarks
