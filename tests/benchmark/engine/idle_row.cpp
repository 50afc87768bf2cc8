// 100 assigned partitions and nothing to read.

#include "parts.hpp"
#include "rows.hpp"

#include <fmt/format.h>

namespace braid::benchmarks {
namespace {

constexpr int kPartitions = 100;
constexpr std::uint32_t kSeconds = 5;
constexpr std::chrono::seconds kLimit{180};

}  // namespace

void measure_idle(Bench& bench) {
  const auto topic = bench.make_topic("idle", {.partitions = kPartitions});
  Values request = bench.request_for(topic.name());
  request.set("partitions", kPartitions).set("seconds", kSeconds);
  request.set("concurrency", 5).set("flow", "continuous").set("reducer", "hash").set("virtual_partitions", 64);
  request.set("max_messages", 100);
  Figure figure{.name = "engine.idle",
                .what = fmt::format("idle CPU, {} partitions, continuous; raw consumer", kPartitions),
                .unit = "%",
                .judged = Figure::Judged::difference,
                .target = 0.5,
                .against = "raw",
                .labels = fmt::format("flow=continuous partitions={}", kPartitions)};
  for (std::uint32_t i = 1; i <= bench.extent.rounds; ++i) {
    const double raw = run_part("raw_idle", request, kLimit).number("cpu_percent");
    const double braid = run_part("braid_idle", request, kLimit).number("cpu_percent");
    figure.add(braid, raw);
    say(fmt::format("  round {}: {:.2f} % of a core, raw {:.2f} %", i, braid, raw));
  }
  bench.report.add(std::move(figure));
}

}  // namespace braid::benchmarks
