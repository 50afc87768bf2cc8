// End to end, one message each 2 ms.

#include "parts.hpp"
#include "rows.hpp"

#include <fmt/format.h>

#include <array>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kMessages = 2'500;
constexpr std::uint64_t kWarmUp = 500;
constexpr std::chrono::seconds kLimit{180};

struct Quantile {
  const char* name;
  double target_us;
};
constexpr std::array<Quantile, 2> kQuantiles{{{"p50", 40}, {"p99", 150}}};
constexpr std::array<const char*, 2> kFlows{"continuous", "batch"};

Figure figure_for(const char* flow, const Quantile& quantile) {
  return {.name = "engine.latency",
          .what = fmt::format("latency {}, {}, max_wait 0; raw poll loop", quantile.name, flow),
          .unit = "us",
          .judged = Figure::Judged::difference,
          .target = quantile.target_us,
          .against = "raw",
          .labels = fmt::format("flow={} quantile={}", flow, quantile.name)};
}

// Each on a topic of its own, which nobody has written to.
Values measure_side(Bench& bench, const char* part, const char* flow) {
  const auto topic = bench.make_topic("latency", {});
  Values request = bench.request_for(topic.name());
  request.set("messages", kMessages).set("warm_up", kWarmUp);
  request.set("concurrency", 5).set("flow", flow).set("reducer", "hash").set("virtual_partitions", 64);
  request.set("max_messages", 100);
  return run_part(part, request, kLimit);
}

std::string text(const Values& values) {
  return fmt::format("{:.0f} / {:.0f} / {:.0f} us", values.number("p50"), values.number("p99"),
                     values.number("p999"));
}

}  // namespace

void measure_latency(Bench& bench) {
  std::vector<Figure> figures;
  for (const char* flow : kFlows) {
    for (const Quantile& quantile : kQuantiles) figures.push_back(figure_for(flow, quantile));
  }
  for (std::uint32_t i = 1; i <= bench.extent.rounds; ++i) {
    const Values raw = measure_side(bench, "raw_latency", "batch");
    std::string line = fmt::format("  round {}: p50 / p99 / p99.9: raw {}", i, text(raw));
    auto figure = figures.begin();
    for (const char* flow : kFlows) {
      const Values braid = measure_side(bench, "braid_latency", flow);
      for (const Quantile& quantile : kQuantiles) {
        (figure++)->add(braid.number(quantile.name), raw.number(quantile.name));
      }
      line += fmt::format("; {} {}", flow, text(braid));
    }
    say(line);
  }
  for (Figure& figure : figures) bench.report.add(std::move(figure));
}

}  // namespace braid::benchmarks
