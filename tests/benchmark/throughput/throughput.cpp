// Messages per second of Braid with a no-op consumer, as a share of a raw librdkafka loop's

#include "benchmark/shared/broker.hpp"
#include "benchmark/shared/comparison.hpp"
#include "benchmark/shared/pass.hpp"
#include "benchmark/shared/raw_handles.hpp"
#include "integration/kafka/kafka_cluster.hpp"
#include "options.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kMessages = 3'000'000;
constexpr std::uint32_t kPayloadBytes = 100;
constexpr double kRunSeconds = 5;

void say(const std::string& line) {
  std::cout << line << std::endl;  // at once: a round takes a while
}

Round run_round(const PassRequest& request, std::uint32_t passes, std::uint32_t number) {
  Round round;
  for (std::uint32_t i = 0; i < passes; ++i) {
    const bool raw_first = (i + number) % 2 == 0;
    if (raw_first) round.raw.add(checked_pass(request, Side::raw));
    round.braid.add(checked_pass(request, Side::braid));
    if (!raw_first) round.raw.add(checked_pass(request, Side::raw));
  }
  return round;
}

void show_threads(const char* side, const Run& run) {
  for (const ThreadTime& time : run.threads) {
    if (time.cpu_seconds / static_cast<double>(run.messages) < 1e-9) continue;
    say(fmt::format("      {:<6} {:<14} {:7.1f} ns a message {:9.1f} sleeps per 1000 messages", side, time.name,
                    time.cpu_seconds / static_cast<double>(run.messages) * 1e9,
                    static_cast<double>(time.voluntary_switches) * 1e3 / static_cast<double>(run.messages)));
  }
}

void show_round(std::uint32_t number, const Round& round, bool per_thread) {
  say(fmt::format(
      "  round {}: raw {:.2f} M/s, {:.0f} ns; braid {:.2f} M/s, {:.0f} ns in {:.0f} messages a batch; "
      "ratio {:.2f}",
      number, round.raw.rate() / 1e6, round.raw.cpu_ns(), round.braid.rate() / 1e6, round.braid.cpu_ns(),
      static_cast<double>(round.braid.messages) / static_cast<double>(round.braid.batches), round.ratio()));
  if (!per_thread) return;
  show_threads("raw", round.raw);
  show_threads("braid", round.braid);
}

std::string row_name(Flow flow, std::uint32_t max_messages) {
  const std::string name = std::string("throughput.") + flow_name(flow);
  return max_messages == 1000 ? name : name + std::to_string(max_messages);
}

void show_table(const std::vector<std::uint32_t>& rows, const std::vector<Comparison>& comparisons) {
  say("");
  say(fmt::format("{:>12}  {:>22}  {:>9}  {:>9}  {:>22}", "", "ratio", "raw", "braid", "CPU a message"));
  say(fmt::format("{:>12}  {:>6} {:>7} {:>7}  {:>9}  {:>9}  {:>10} {:>11}", "max_messages", "median", "least",
                  "largest", "M msg/s", "M msg/s", "raw ns", "braid ns"));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Comparison& comparison = comparisons[i];
    const auto ratio = comparison.ratio();
    say(fmt::format("{:>12}  {:>6.2f} {:>7.2f} {:>7.2f}  {:>9.2f}  {:>9.2f}  {:>10.0f} {:>11.0f}", rows[i],
                    ratio.median, ratio.least, ratio.largest, comparison.raw_rate().median / 1e6,
                    comparison.braid_rate().median / 1e6, comparison.raw_cpu_ns().median,
                    comparison.braid_cpu_ns().median));
  }
  say("");
}

void show_result(Flow flow, std::uint32_t max_messages, const Comparison& comparison, const std::string& broker) {
  const auto ratio = comparison.ratio();
  say(fmt::format(
      "RESULT name={} ratio={:.3f} least={:.3f} largest={:.3f} braid={:.3g} raw={:.3g} cpu_ns_braid={:.0f} "
      "cpu_ns_raw={:.0f} rounds={} allocator={} broker={}",
      row_name(flow, max_messages), ratio.median, ratio.least, ratio.largest, comparison.braid_rate().median,
      comparison.raw_rate().median, comparison.braid_cpu_ns().median, comparison.raw_cpu_ns().median,
      comparison.rounds.size(), BRAID_ALLOCATOR, broker));
}

void run(Options options) {
  PassRequest& request = options.request;
  const auto broker = start_broker(request.bootstrap);
  request.bootstrap = broker->bootstrap();
  std::map<std::string, std::string> settings = common_settings();
  for (const auto& [key, value] : broker->consumer_settings()) settings[key] = value;
  for (const auto& [key, value] : request.settings) settings[key] = value;
  request.settings = settings;

  const std::uint64_t capacity = broker->capacity(kKeyBytes + kPayloadBytes);
  if (request.messages == 0) request.messages = std::min(kMessages, capacity);
  if (request.messages > capacity)
    throw std::runtime_error("the embedded cluster does not hold that many messages");
  request.topic = integration::unique_name("throughput");
  say(fmt::format("{}, librdkafka {}, allocator {}, {} processors", broker->name(), rd_kafka_version_str(),
                  BRAID_ALLOCATOR, std::thread::hardware_concurrency()));
  std::string shown;
  for (const auto& [key, value] : settings) shown += " " + key + "=" + value;
  say("both sides with" + shown + "; woken when the queue falls below half its bound");
  broker->create_topic(request.topic);
  fill(request.bootstrap, request.topic, {.messages = request.messages, .payload_bytes = kPayloadBytes});
  say(fmt::format("{} messages of {} B and keys of {} B in one partition; 8 virtual partitions, {} workers",
                  request.messages, kPayloadBytes, kKeyBytes, request.concurrency));

  // Fills the page cache, and tells how long a pass takes.
  const PassResult warm_up = checked_pass(request, Side::raw);
  const std::uint32_t passes =
      options.passes > 0
          ? options.passes
          : static_cast<std::uint32_t>(std::clamp(std::ceil(kRunSeconds / warm_up.seconds), 1.0, 20.0));
  std::vector<Comparison> comparisons;
  for (const std::uint32_t max_messages : options.max_messages) {
    say(fmt::format("max_messages {}: {} rounds of {} interleaved passes each", max_messages, options.rounds,
                    passes));
    request.max_messages = max_messages;
    Comparison& comparison = comparisons.emplace_back();
    for (std::uint32_t i = 1; i <= options.rounds; ++i) {
      comparison.rounds.push_back(run_round(request, passes, i));
      show_round(i, comparison.rounds.back(), options.per_thread);
    }
  }
  show_table(options.max_messages, comparisons);
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    show_result(request.flow, options.max_messages[i], comparisons[i], broker->name());
  }
}

}  // namespace
}  // namespace braid::benchmarks

int main(int argc, char** argv) {
  using namespace braid::benchmarks;
  Options options;
  if (const auto status = parse(argc, argv, options)) return *status;
  if (!options.pass.empty()) return serve_pass(options.request);
  try {
    run(std::move(options));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "throughput: " << error.what() << '\n';
    return 1;
  }
}
