// Passes over a topic of small messages beside a raw batch loop.

#include "benchmark/shared/comparison.hpp"
#include "benchmark/shared/pass.hpp"
#include "rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kMessages = 3'000'000;
constexpr double kFullSeconds = 5;

struct Case {
  std::uint32_t max_messages;
  double target;
};
constexpr std::array<Case, 2> kCases{{{1'000, 0.80}, {100, 0.50}}};
constexpr std::array<Flow, 2> kFlows{Flow::batch, Flow::continuous};
// A goal and no requirement: what Braid's own work may cost.
constexpr double kCpuNsMore = 100;

// One raw run and one of each flow; their passes take turns, so that what else the machine does meets all alike.
struct Triple {
  Run raw;
  std::array<Run, kFlows.size()> braid;
};

Triple run_triple(PassRequest request, std::uint32_t passes, std::uint32_t number) {
  Triple runs;
  for (std::uint32_t pass = 0; pass < passes; ++pass) {
    for (std::uint32_t turn = 0; turn < 1 + kFlows.size(); ++turn) {
      const std::uint32_t side = (turn + pass + number) % (1 + kFlows.size());
      if (side == 0) {
        runs.raw.add(checked_pass(request, Side::raw));
      } else {
        request.flow = kFlows[side - 1];
        runs.braid[side - 1].add(checked_pass(request, Side::braid));
      }
    }
  }
  return runs;
}

Figure rate_figure(Flow flow, const Case& which) {
  return {.name = "engine.throughput",
          .what = fmt::format("no-op, {}, max_messages {}", flow_name(flow), which.max_messages),
          .unit = "M/s",
          .at_least = true,
          .target = which.target,
          .against = "raw",
          .labels = fmt::format("flow={} max_messages={}", flow_name(flow), which.max_messages)};
}

Figure cpu_figure(Flow flow, const Case& which) {
  return {.name = "engine.cpu",
          .what = fmt::format("CPU a message, {}, max_messages {}", flow_name(flow), which.max_messages),
          .unit = "ns",
          .judged = Figure::Judged::difference,
          .target = kCpuNsMore,
          .against = "raw",
          .labels = fmt::format("flow={} max_messages={} goal=1", flow_name(flow), which.max_messages)};
}

void measure_case(Bench& bench, PassRequest request, const Case& which, std::uint32_t passes) {
  request.max_messages = which.max_messages;
  std::array<Figure, kFlows.size()> rates{rate_figure(kFlows[0], which), rate_figure(kFlows[1], which)};
  std::array<Figure, kFlows.size()> cpu{cpu_figure(kFlows[0], which), cpu_figure(kFlows[1], which)};
  for (std::uint32_t i = 1; i <= bench.extent.rounds; ++i) {
    const Triple runs = run_triple(request, passes, i);
    std::string line = fmt::format("  max_messages {}, round {}: raw {:.2f} M/s, {:.0f} ns", which.max_messages, i,
                                   runs.raw.rate() / 1e6, runs.raw.cpu_ns());
    for (std::size_t f = 0; f < kFlows.size(); ++f) {
      const Run& run = runs.braid[f];
      rates[f].add(run.rate() / 1e6, runs.raw.rate() / 1e6);
      cpu[f].add(run.cpu_ns(), runs.raw.cpu_ns());
      line += fmt::format("; {} {:.2f} M/s ({:.2f}), {:.0f} ns", flow_name(kFlows[f]), run.rate() / 1e6,
                          run.rate() / runs.raw.rate(), run.cpu_ns());
    }
    say(line);
  }
  for (Figure& figure : rates) bench.report.add(std::move(figure));
  for (Figure& figure : cpu) bench.report.add(std::move(figure));
}

}  // namespace

void measure_throughput(Bench& bench) {
  PassRequest request;
  request.bootstrap = bench.broker.bootstrap();
  request.messages = bench.extent.small ? kMessages / 10 : kMessages;
  request.settings = bench.settings;
  const auto topic = bench.make_topic("throughput", {.messages = request.messages});
  request.topic = topic.name();
  // Fills the page cache, and tells how long a pass takes.
  const PassResult warm_up = checked_pass(request, Side::raw);
  const double passes =
      bench.extent.full_runs ? std::clamp(std::ceil(kFullSeconds / warm_up.seconds), 1.0, 20.0) : 2;
  for (const Case& each : kCases) measure_case(bench, request, each, static_cast<std::uint32_t>(passes));
}

}  // namespace braid::benchmarks
