#include "apps/clickstream/src/commands/command.hpp"
#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/progress.hpp"
#include "apps/clickstream/src/report.hpp"
#include "apps/clickstream/src/terminal.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <memory>

namespace clickstream {
namespace {

struct Options {
  std::string csv;
  bool strict = false;
};

ExitStatus run_totals(const Options& options) {
  Figures figures;
  figures.name = "clickstream";
  figures.source = options.csv;
  const auto start = std::chrono::steady_clock::now();
  CsvReader reader(options.csv);
  {
    Progress progress(std::cerr, {"read", "bytes", true});
    const bool shown = is_terminal(stderr);
    while (const Event* event = reader.next()) {
      figures.totals.add(*event);
      if (shown) progress.update(reader.bytes_done(), reader.bytes_total());
    }
  }
  figures.elapsed = std::chrono::steady_clock::now() - start;
  figures.malformed = reader.malformed();

  print_report(figures, std::cout, wants_colour(stdout));
  std::cout << '\n';
  print_results(figures, std::cout);
  std::cout.flush();
  const bool strictly_wrong = options.strict && figures.malformed.count() > 0;
  return strictly_wrong ? ExitStatus::malformed_lines : ExitStatus::success;
}

}  // namespace

void register_totals(CLI::App& app, Run& run) {
  CLI::App* const command =
      app.add_subcommand("totals", "Read a clickstream file in one thread, without Kafka, and report its totals");
  const auto options = std::make_shared<Options>();
  command->add_option("--csv", options->csv, "The file, with the data set's columns in any order")->required();
  command->add_flag("--strict", options->strict, "Exit with status 3 if a line is malformed");
  command->callback([&run, options] { run = [options] { return run_totals(*options); }; });
}

}  // namespace clickstream
