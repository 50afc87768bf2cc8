// 10,000 messages that block for 20 ms each, on 100 workers.

#include "parts.hpp"
#include "rows.hpp"

#include <fmt/format.h>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kMessages = 10'000;
constexpr std::uint32_t kThreads = 100;
constexpr std::uint64_t kSleepUs = 20'000;
constexpr std::chrono::seconds kLimit{180};

double floor_seconds() {
  Values request;
  request.set("threads", kThreads).set("times", kMessages / kThreads).set("sleep_us", kSleepUs);
  return run_part("sleepers", request, kLimit).number("seconds");
}

void measure_partitions(Bench& bench, int partitions) {
  const auto topic =
      bench.make_topic("sleep", {.messages = kMessages, .partitions = partitions, .key_of = [](auto i) {
                                   return static_cast<std::uint32_t>(i);
                                 }});
  Figure figure{
      .name = "engine.sleep",
      .what = fmt::format("10,000 x 20 ms, 100 threads, {} partition{}", partitions, partitions > 1 ? "s" : ""),
      .unit = "s",
      .target = 1.03,
      .against = "sleeping_threads",
      .labels = fmt::format("flow=continuous partitions={}", partitions)};
  Values request = bench.request_for(topic.name());
  request.set("messages", kMessages).set("sleep_us", kSleepUs).set("concurrency", kThreads);
  // Short jobs: whichever worker is free takes the next message of the longest queue.
  request.set("flow", "continuous").set("reducer", "hash").set("virtual_partitions", 1'000).set("max_messages", 1);
  for (std::uint32_t i = 1; i <= bench.extent.rounds; ++i) {
    const double floor = floor_seconds();
    const Values answer = run_part("sleeping", request, kLimit);
    figure.add(answer.number("seconds"), floor);
    say(fmt::format("  {} partitions, round {}: {:.3f} s, {} jobs at once; threads that sleep {:.3f} s", partitions,
                    i, answer.number("seconds"), answer.count("jobs_max"), floor));
  }
  bench.report.add(std::move(figure));
}

}  // namespace

void measure_sleep(Bench& bench) {
  measure_partitions(bench, 5);
  measure_partitions(bench, 1);
}

}  // namespace braid::benchmarks
