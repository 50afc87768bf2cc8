// The producer against raw librdkafka: asynchronous produce with deliveries tracked, synchronous produce

#include "benchmark/shared/broker.hpp"
#include "benchmark/shared/child.hpp"
#include "benchmark/shared/raw_handles.hpp"
#include "parts.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace braid::benchmarks {
namespace {

constexpr const char* kMark = "PRODUCED";
constexpr std::chrono::seconds kLimit{300};

struct Options {
  std::string part;  // a child's
  bool sync = false;
  ProduceRequest request;
  int rounds = 5;
  std::uint64_t records = 3'000'000;
  std::uint64_t sync_records = 3'000;
  std::vector<std::string> rows{"async", "sync"};
  std::vector<std::string> kafka;
  bool strict = false;
};

// The same for both sides: what Braid's producer has unless somebody says otherwise.
std::map<std::string, std::string> settings_of(const Options& options, bool sync) {
  std::map<std::string, std::string> settings{{"acks", "all"},
                                              {"enable.idempotence", "true"},
                                              {"linger.ms", sync ? "0" : "5"},
                                              {"queue.buffering.max.messages", "100000"},
                                              {"queue.buffering.max.kbytes", "1048576"},
                                              {"compression.codec", "none"},
                                              {"socket.nagle.disable", "true"},
                                              {"log_level", "3"}};
  for (const std::string& word : options.kafka) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw std::runtime_error(word + " is not KEY=VALUE");
    settings[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return settings;
}

ProduceResult in_child(const ProduceRequest& request) {
  std::vector<std::string> arguments{
      "--part",    request.braid ? "braid" : "raw", "--bootstrap", request.bootstrap, "--topic", request.topic,
      "--records", std::to_string(request.records)};
  if (request.sync) arguments.emplace_back("--sync");
  for (const auto& [key, value] : request.settings) {
    arguments.emplace_back("--kafka");
    arguments.push_back(key + "=" + value);
  }
  std::istringstream in(run_self(arguments, kLimit));
  std::string mark;
  ProduceResult result;
  in >> mark >> result.seconds >> result.cpu_seconds >> result.p50_us >> result.p99_us;
  if (!in || mark != kMark) throw std::runtime_error("a part ended without a result");
  return result;
}

int serve_part(Options& options) {
  end_with_parent();
  options.request.braid = options.part == "braid";
  options.request.sync = options.sync;
  options.request.records = options.records;
  options.request.settings = settings_of(options, options.sync);
  const ProduceResult result = measure(options.request);
  std::cout << fmt::format("{} {:.6f} {:.6f} {:.3f} {:.3f}\n", kMark, result.seconds, result.cpu_seconds,
                           result.p50_us, result.p99_us);
  return 0;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string load() {
  std::array<double, 1> average{};
  return ::getloadavg(average.data(), 1) == 1 ? fmt::format("{:.1f}", average[0]) : "unknown";
}

// Runs the rounds of one row and says what came of them. False: its target was missed.
bool measure_row(const Options& options, Broker& broker, bool sync) {
  const char* const name = sync ? "sync" : "async";
  ProduceRequest request{.sync = sync, .bootstrap = broker.bootstrap(), .topic = fmt::format("bench-{}", name)};
  request.records = sync ? options.sync_records : options.records;
  request.settings = settings_of(options, sync);
  std::string shown;
  for (const auto& [key, value] : request.settings) shown += " " + key + "=" + value;
  std::cout << fmt::format("{}: {} records of {} B a pass, both sides with{}\n", name, request.records,
                           request.payload_bytes, shown)
            << std::flush;
  std::vector<double> ratios;
  std::array<std::vector<double>, 2> rates;
  std::array<std::vector<double>, 2> cpu_ns;
  std::array<std::vector<double>, 2> p50;
  std::array<std::vector<double>, 2> p99;
  for (int round = 0; round < options.rounds; ++round) {
    std::array<ProduceResult, 2> results;
    for (int turn = 0; turn < 2; ++turn) {
      const std::size_t side = (round + turn) % 2 == 0 ? 0 : 1;  // each side begins every other round
      request.braid = side == 1;
      request.topic = fmt::format("bench-{}-{}-{}", name, round, side);
      broker.create_topic(request.topic);
      results[side] = in_child(request);
      broker.delete_topic(request.topic);
      rates[side].push_back(static_cast<double>(request.records) / results[side].seconds);
      cpu_ns[side].push_back(results[side].cpu_seconds / static_cast<double>(request.records) * 1e9);
      p50[side].push_back(results[side].p50_us);
      p99[side].push_back(results[side].p99_us);
    }
    ratios.push_back(sync ? results[1].p50_us / results[0].p50_us : results[0].seconds / results[1].seconds);
    std::cout << fmt::format("  round {}: ratio {:.3f}\n", round + 1, ratios.back()) << std::flush;
  }
  const double ratio = median(ratios);
  const double target = sync ? 1.10 : 0.85;
  const bool reached = sync ? ratio <= target : ratio >= target;
  std::cout
      << fmt::format(
             "RESULT name=producer.{} ratio={:.4g} least={:.4g} largest={:.4g} {}cpu_ns_braid={:.0f} "
             "cpu_ns_raw={:.0f} "
             "target={:g} sense={} verdict={} rounds={} records={} load={} allocator={} librdkafka={} broker={}\n",
             name, ratio, *std::ranges::min_element(ratios), *std::ranges::max_element(ratios),
             sync ? fmt::format("p50_us_braid={:.1f} p50_us_raw={:.1f} p99_us_braid={:.1f} p99_us_raw={:.1f} ",
                                median(p50[1]), median(p50[0]), median(p99[1]), median(p99[0]))
                  : fmt::format("braid={:.4g} raw={:.4g} unit=records/s ", median(rates[1]), median(rates[0])),
             median(cpu_ns[1]), median(cpu_ns[0]), target, sync ? "at_most" : "at_least", reached ? "pass" : "miss",
             options.rounds, request.records, load(), BRAID_ALLOCATOR, rd_kafka_version_str(), broker.name())
      << std::flush;
  return reached;
}

int run(const Options& options) {
  const auto broker = start_broker(options.request.bootstrap);
  std::cout << fmt::format("{}, librdkafka {}, allocator {}, {} processors, load {}\n", broker->name(),
                           rd_kafka_version_str(), BRAID_ALLOCATOR, std::thread::hardware_concurrency(), load())
            << std::flush;
  bool all_reached = true;
  for (const std::string& row : options.rows) {
    const bool reached = measure_row(options, *broker, row == "sync");
    all_reached = all_reached && reached;
  }
  return options.strict && !all_reached ? 1 : 0;
}

}  // namespace
}  // namespace braid::benchmarks

int main(int argc, char** argv) {
  using namespace braid::benchmarks;
  Options options;
  CLI::App app("The producer against raw librdkafka, measured in the same run", "producer");
  app.add_option("--rows", options.rows, "comma-separated; async, sync")
      ->delimiter(',')
      ->check(CLI::IsMember({"async", "sync"}));
  app.add_option("--rounds", options.rounds, "interleaved")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--records", options.records, "of an asynchronous pass")->capture_default_str();
  app.add_option("--sync-records", options.sync_records, "of a synchronous pass")->capture_default_str();
  app.add_option("--kafka", options.kafka, "KEY=VALUE of librdkafka, for both sides");
  app.add_option("--bootstrap", options.request.bootstrap, "HOST:PORT of a Kafka to use in place of an own one");
  app.add_flag("--strict", options.strict, "a missed target is a failure");
  app.add_option("--part", options.part, "one pass in this process: raw or braid")
      ->check(CLI::IsMember({"raw", "braid"}))
      ->group("One pass");
  app.add_option("--topic", options.request.topic, "an existing topic")->group("One pass");
  app.add_flag("--sync", options.sync, "each record waited for")->group("One pass");
  CLI11_PARSE(app, argc, argv);
  try {
    return options.part.empty() ? run(options) : serve_part(options);
  } catch (const std::exception& error) {
    std::cerr << "producer: " << error.what() << '\n';
    return 1;
  }
}
