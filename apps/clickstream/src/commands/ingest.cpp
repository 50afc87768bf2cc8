#include "apps/clickstream/src/streaming/ingest.hpp"

#include "apps/clickstream/src/commands/command.hpp"
#include "apps/clickstream/src/commands/kafka_options.hpp"
#include "apps/clickstream/src/commands/whole_number.hpp"
#include "apps/clickstream/src/format.hpp"
#include "apps/clickstream/src/interrupt.hpp"
#include "apps/clickstream/src/progress.hpp"
#include "apps/clickstream/src/streaming/clients.hpp"
#include "apps/clickstream/src/terminal.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace clickstream {
namespace {

using namespace std::chrono_literals;

constexpr auto look_each = 20ms;

struct Options {
  std::string csv;
  std::string bootstrap;
  IngestOptions ingest{.topic = "ecommerce.events", .run = {}};
  bool strict = false;
};

void print_malformed(const MalformedLines& malformed, const std::string& csv) {
  for (const MalformedLine& line : malformed.first()) {
    std::cerr << csv << ", line " << line.number << ": " << line.reason << '\n';
  }
  if (malformed.count() > malformed.first().size()) {
    std::cerr << "and " << with_thousands(malformed.count() - malformed.first().size())
              << " more malformed lines\n";
  }
}

ExitStatus run(const Options& options, const braid::routing::KafkaSettings& kafka) {
  const Interrupt interrupt;
  CsvReader reader(options.csv);
  braid::Producer producer(producer_settings(options.bootstrap, kafka));
  Ingest ingest(reader, producer, options.ingest);

  const auto began = std::chrono::steady_clock::now();
  std::future<void> sending = std::async(std::launch::async, [&ingest] { ingest.run(); });
  std::error_code no_size;
  const auto bytes = std::filesystem::file_size(options.csv, no_size);
  {
    Progress progress(std::cout, {"read", "bytes", is_terminal(stdout)});
    while (sending.wait_for(look_each) != std::future_status::ready) {
      if (!no_size) progress.update(ingest.bytes_read(), bytes);
      if (Interrupt::requested()) ingest.request_stop();
    }
    if (!no_size) progress.update(ingest.bytes_read(), bytes);
  }
  sending.get();

  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(ingest.delivered()) / seconds);
  const MalformedLines& malformed = reader.malformed();
  print_malformed(malformed, options.csv);
  if (ingest.failed() > 0) {
    std::cerr << with_thousands(ingest.failed())
              << " events could not be sent, the first: " << ingest.first_failure() << '\n';
  }
  std::cout << with_thousands(ingest.delivered()) << " events sent to " << options.ingest.topic << " in "
            << fixed(seconds, 2) << " s, " << with_thousands(rate) << " a second; "
            << with_thousands(malformed.count()) << " malformed lines skipped\n"
            << "RESULT name=ingest events=" << ingest.delivered() << " failed=" << ingest.failed()
            << " malformed=" << malformed.count() << " events_per_second=" << rate
            << " seconds=" << fixed(seconds, 3) << '\n';
  std::cout.flush();
  if (Interrupt::requested()) return ExitStatus::interrupted;
  if (ingest.failed() > 0) return ExitStatus::runtime_error;
  return options.strict && malformed.count() > 0 ? ExitStatus::malformed_lines : ExitStatus::success;
}

}  // namespace

void register_ingest(CLI::App& app, Run& run_command) {
  CLI::App* const command = app.add_subcommand("ingest", "Send a clickstream file to Kafka, keyed by user");
  const auto options = std::make_shared<Options>();
  command->add_option("--csv", options->csv, "The file, with the data set's columns in any order")->required();
  command->add_option("--bootstrap", options->bootstrap, "HOST:PORT[,HOST:PORT...] of the Kafka cluster")
      ->required();
  command->add_option("--topic", options->ingest.topic, "Where to")->capture_default_str();
  command->add_option("--rate", options->ingest.rate, "Send no more than so many events a second")
      ->check(whole_number(1, 1'000'000'000));
  const auto kafka = std::make_shared<braid::routing::KafkaSettings>();
  add_kafka_option(*command, kafka);
  command->add_flag("--strict", options->strict, "Exit with status 3 if a line is malformed");
  command->callback([&run_command, options, kafka] {
    run_command = [options, kafka] {
      try {
        return run(*options, *kafka);
      } catch (const std::invalid_argument& invalid) {
        std::cerr << "clickstream: " << invalid.what() << '\n';
        return ExitStatus::usage_error;
      }
    };
  });
}

}  // namespace clickstream
