// The engine against its floors and limits: throughput, blocking and waiting work, skew, latency, memory, idling

#include "benchmark/shared/raw_handles.hpp"
#include "options.hpp"
#include "parts.hpp"
#include "report.hpp"
#include "rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <thread>

namespace braid::benchmarks {
namespace {

bool chosen(const Options& options, std::string_view row) {
  return options.rows.empty() || std::find(options.rows.begin(), options.rows.end(), row) != options.rows.end();
}

// A row that can't be measured leaves the others alone.
void measure(const Row& row, Bench& bench) {
  const std::string name{row.name};
  if (row.needs_kafka && !bench.broker.real()) {
    bench.report.skip(name, "the embedded cluster can't serve it, and there is no real Kafka");
    return;
  }
  say(fmt::format("{}: {}", row.name, row.what));
  const auto began = std::chrono::steady_clock::now();
  try {
    row.measure(bench);
  } catch (const std::exception& error) {
    bench.report.fail(name, error.what());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  say(fmt::format("  took {:.0f} s", took.count()));
}

int run(const Options& options) {
  const auto broker = start_broker(options.bootstrap);
  std::map<std::string, std::string> settings = common_settings();
  for (const auto& [key, value] : broker->consumer_settings()) settings[key] = value;
  for (const auto& [key, value] : options.settings) settings[key] = value;
  say(fmt::format("{}, librdkafka {}, allocator {}, {} processors", broker->name(), rd_kafka_version_str(),
                  BRAID_ALLOCATOR, std::thread::hardware_concurrency()));
  std::string shown;
  for (const auto& [key, value] : settings) shown += " " + key + "=" + value;
  say("both sides with" + shown);
  Report report(
      fmt::format("allocator={} librdkafka={} broker={}", BRAID_ALLOCATOR, rd_kafka_version_str(), broker->name()));
  Bench bench{options.extent, *broker, settings, report};
  for (const Row& row : rows()) {
    if (chosen(options, row.name)) measure(row, bench);
  }
  report.show();
  if (report.failed()) return 1;
  return options.strict && !report.all_reached() ? 1 : 0;
}

}  // namespace
}  // namespace braid::benchmarks

int main(int argc, char** argv) {
  using namespace braid::benchmarks;
  Options options;
  if (const auto status = parse(argc, argv, options)) return *status;
  if (!options.part.empty()) return serve_part(options.part, options.part_words);
  if (!options.pass.empty()) return serve_pass(options.request);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "engine: " << error.what() << '\n';
    return 1;
  }
}
