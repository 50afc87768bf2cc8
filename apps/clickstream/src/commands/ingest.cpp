#include "apps/clickstream/src/streaming/ingest.hpp"

#include "apps/clickstream/src/commands/command.hpp"
#include "apps/clickstream/src/commands/kafka_options.hpp"
#include "apps/clickstream/src/commands/whole_number.hpp"
#include "apps/clickstream/src/format.hpp"
#include "apps/clickstream/src/interrupt.hpp"
#include "apps/clickstream/src/progress.hpp"
#include "apps/clickstream/src/streaming/clients.hpp"
#include "apps/clickstream/src/streaming/ingest_position.hpp"
#include "apps/clickstream/src/terminal.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

namespace clickstream {
namespace {

using namespace std::chrono_literals;

constexpr auto look_each = 20ms;
constexpr auto keep_each = 1s;

struct Options {
  std::string csv;
  std::string bootstrap;
  IngestOptions ingest{.topic = "ecommerce.events", .run = {}};
  // Of the producer; empty: the library's own.
  std::string batch_size;
  std::string linger_ms;
  std::string compression;
  std::string acks;
  bool resume = false;
  bool strict = false;
};

braid::routing::KafkaSettings with_options(const Options& options, braid::routing::KafkaSettings kafka) {
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) kafka.insert_or_assign(name, value);
  };
  set("batch.size", options.batch_size);
  set("linger.ms", options.linger_ms);
  set("compression.type", options.compression);
  set("acks", options.acks);
  return kafka;
}

// Without them a line counts as soon as it has left, and the position would pass what was lost.
void require_acknowledgements(const braid::routing::KafkaSettings& kafka) {
  for (const char* name : {"acks", "request.required.acks"}) {
    const auto found = kafka.find(name);
    if (found == kafka.end() || found->second != "0") continue;
    throw std::invalid_argument(
        "--resume needs acknowledgements, to know what need not be sent again; use --acks 1 or all with it, or "
        "leave "
        "it out");
  }
}

void print_malformed(const MalformedLines& malformed, const std::string& csv) {
  for (const MalformedLine& line : malformed.first()) {
    std::cerr << csv << ", line " << line.number << ": " << line.reason << '\n';
  }
  if (malformed.count() > malformed.first().size()) {
    std::cerr << "and " << with_thousands(malformed.count() - malformed.first().size())
              << " more malformed lines\n";
  }
}

// Each second; who is killed in between sends the events of the last one again.
void keep(const IngestPosition& position, const Ingest& ingest, std::chrono::steady_clock::time_point& kept_at) {
  const auto now = std::chrono::steady_clock::now();
  if (now - kept_at < keep_each) return;
  position.write(ingest.position());
  kept_at = now;
}

ExitStatus run(const Options& options, const braid::routing::KafkaSettings& kafka) {
  const auto producer_kafka = with_options(options, kafka);
  if (options.resume) require_acknowledgements(producer_kafka);
  const Interrupt interrupt;
  CsvReader reader(options.csv);
  IngestOptions ingest_options = options.ingest;
  ingest_options.stop_at_failure = options.resume;
  std::optional<IngestPosition> position;
  if (options.resume) {
    position.emplace(options.csv, options.ingest.topic);
    if (const auto kept = position->read(); kept && kept->offset > 0) {
      reader.continue_behind(kept->offset, kept->number);
      ingest_options.begin = *kept;
      std::cout << "going on behind line " << with_thousands(kept->number) << '\n';
    }
  }
  braid::Producer producer(producer_settings(options.bootstrap, producer_kafka));
  Ingest ingest(reader, producer, ingest_options);

  const auto began = std::chrono::steady_clock::now();
  auto kept_at = began;
  std::future<void> sending = std::async(std::launch::async, [&ingest] { ingest.run(); });
  std::error_code no_size;
  const auto bytes = std::filesystem::file_size(options.csv, no_size);
  {
    Progress progress(std::cout, {"read", "bytes", is_terminal(stdout)});
    // Where the position can't be written: `sending` waits for the whole file otherwise.
    const auto stop = [](Ingest* of) { of->request_stop(); };
    const std::unique_ptr<Ingest, decltype(stop)> stops_at_end(&ingest, stop);
    while (sending.wait_for(look_each) != std::future_status::ready) {
      if (!no_size) progress.update(ingest.bytes_read(), bytes);
      if (Interrupt::requested()) ingest.request_stop();
      if (position) keep(*position, ingest, kept_at);
    }
    if (!no_size) progress.update(ingest.bytes_read(), bytes);
  }
  if (position) position->write(ingest.position());
  sending.get();

  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(ingest.delivered()) / seconds);
  const double megabytes = static_cast<double>(ingest.bytes_delivered()) / 1e6;
  const MalformedLines& malformed = reader.malformed();
  print_malformed(malformed, options.csv);
  if (ingest.failed() > 0) {
    std::cerr << with_thousands(ingest.failed())
              << " events could not be sent, the first: " << ingest.first_failure() << '\n';
    if (position) {
      std::cerr << "stopped there; --resume goes on behind line " << with_thousands(ingest.position().number)
                << ", all up to which were acknowledged\n";
    }
  }
  std::cout << with_thousands(ingest.delivered()) << " events sent to " << options.ingest.topic << " in "
            << fixed(seconds, 2) << " s, " << with_thousands(rate) << " a second; "
            << with_thousands(malformed.count()) << " malformed lines skipped\n"
            << "RESULT name=ingest events=" << ingest.delivered() << " failed=" << ingest.failed()
            << " malformed=" << malformed.count() << " events_per_second=" << rate
            << " seconds=" << fixed(seconds, 3) << " megabytes_per_second=" << fixed(megabytes / seconds, 2)
            << '\n';
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
  command->add_option("--batch-size", options->batch_size, "Bytes of a batch at most (librdkafka's: 1000000)")
      ->check(whole_number(1, 2'147'483'647));
  command->add_option("--linger", options->linger_ms, "Milliseconds that a batch waits for more (5)")
      ->check(whole_number(0, 900'000));
  command->add_option("--compression", options->compression, "Of batches (none)")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}));
  command->add_option("--acks", options->acks, "Brokers that acknowledge an event: 0, 1 or all in sync (all)")
      ->check(CLI::IsMember({"0", "1", "all"}));
  command->add_flag(
      "--resume", options->resume,
      "Go on behind the last line up to which all were acknowledged, kept in FILE.TOPIC.position; stop at "
      "the first line that can't be sent. Who is killed sends what is not kept yet again: the last "
      "second, and what was under way");
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
