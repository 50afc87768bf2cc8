// 10,000 messages that wait for 20 ms each in coroutines, all in flight at once.

#include "parts.hpp"
#include "rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kMessages = 10'000;
constexpr std::uint64_t kWaitUs = 20'000;
constexpr std::chrono::seconds kLimit{180};

}  // namespace

void measure_coroutine(Bench& bench) {
  const std::uint32_t threads = std::max(2U, std::thread::hardware_concurrency());
  const auto topic = bench.make_topic(
      "coroutine", {.messages = kMessages, .key_of = [](auto i) { return static_cast<std::uint32_t>(i); }});
  Values bare;
  bare.set("coroutines", kMessages).set("threads", threads).set("wait_us", kWaitUs);
  Values request = bench.request_for(topic.name());
  request.set("messages", kMessages).set("wait_us", kWaitUs).set("concurrency", threads);
  // As many virtual partitions as messages, and sticky: each finds one for itself.
  request.set("flow", "continuous").set("reducer", "sticky").set("virtual_partitions", kMessages);
  request.set("max_messages", 1).set("max_in_flight", kMessages);
  Figure figure{.name = "engine.coroutine",
                .what = fmt::format("10,000 x 20 ms in coroutines, {} threads; bare Asio", threads),
                .unit = "s",
                .judged = Figure::Judged::measured,
                .target = 0.10,
                .against = "bare_asio",
                .labels = "flow=continuous reducer=sticky partitions=1"};
  for (std::uint32_t i = 1; i <= bench.extent.rounds; ++i) {
    const double floor = run_part("asio_timers", bare, kLimit).number("seconds");
    const double braid = run_part("coroutines", request, kLimit).number("seconds");
    figure.add(braid, floor);
    say(fmt::format("  round {}: {:.4f} s, bare Asio {:.4f} s", i, braid, floor));
  }
  bench.report.add(std::move(figure));
}

}  // namespace braid::benchmarks
