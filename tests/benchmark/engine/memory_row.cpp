// One key stuck for ever, and millions of messages behind it.

#include "parts.hpp"
#include "rows.hpp"

#include <braid/routing/routes.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kBehind = 5'000'000;
constexpr std::uint32_t kKeys = 10'000;
constexpr std::uint32_t kStuckKey = 99'999;
constexpr std::uint32_t kMaxQueued = 10'000;  // the default
constexpr std::chrono::seconds kLimit{600};
constexpr double kMb = 1024.0 * 1024.0;

// Few virtual partitions: a share of the others' messages meets the stuck one, and fills its queue. Many: its queue
// has room for all that meet it.
struct Case {
  const char* name;
  std::uint32_t virtual_partitions;
  double others_target;  // the messages already under way at the bound are not counted to the last one
};
constexpr Case kUntilTheBound{"until the bound", 8, 0.95};
constexpr Case kAll{"all others", 2'000, 1.0};

// What the settings allow a partition to hold, in MiB: what librdkafka takes as it was measured, with its queue
// filled to its bound (it counts payloads alone, so its own size says little) or while a raw loop reads, messages
// up to max_bytes, and the bits of the ledger.
double limit_mb(double prefetch_mb) {
  const routing::Topic defaults;
  return prefetch_mb + (static_cast<double>(defaults.max_bytes) + defaults.max_window / 8.0) / kMb;
}

// The targets of the other figures are given; that "flat" means within a tenth is this benchmark's.
Figure flat_figure(const Case& which, double last_mb, double second_mb) {
  Figure flat{.name = "engine.memory_flat",
              .what = "the same, last quarter of the time; second quarter",
              .unit = "MiB",
              .target = 1.10,
              .against = "second_quarter",
              .labels = fmt::format("flow=continuous virtual_partitions={}", which.virtual_partitions)};
  flat.add(last_mb, second_mb);
  return flat;
}

void measure_case(Bench& bench, Values request, const Case& which, double limit) {
  request.set("virtual_partitions", which.virtual_partitions);
  const Values found = run_part("stuck_key", request, kLimit);
  const std::uint64_t messages = request.count("messages");
  const auto mb = [&](const char* key) { return found.number(key); };
  Figure memory{
      .name = "engine.memory",
      .what = fmt::format("memory, key stuck, {}: RSS over the start", which.name),
      .unit = "MiB",
      .target = 1.0,
      .against = "limit",
      .labels = fmt::format("flow=continuous virtual_partitions={} messages={} rss_start={:.0f} rss_mean={:.0f} "
                            "rss_max={:.0f} second_quarter={:.0f} last_quarter={:.0f}",
                            which.virtual_partitions, messages, mb("start_mb"), mb("mean_mb"), mb("max_mb"),
                            mb("second_quarter_mb"), mb("last_quarter_mb"))};
  memory.add(mb("max_mb") - mb("start_mb"), limit);
  Figure flat = flat_figure(which, mb("last_quarter_mb"), mb("second_quarter_mb"));
  Figure others{
      .name = "engine.others",
      .what = fmt::format("others that pass a stuck key, {}", which.name),
      .unit = "k",
      .at_least = true,
      .target = which.others_target,
      .against = "expected",
      .labels = fmt::format("flow=continuous virtual_partitions={} messages={} behind={} seconds={:.2f}",
                            which.virtual_partitions, messages, found.count("behind"), found.number("seconds"))};
  others.add(found.number("passed") / 1e3, found.number("expected") / 1e3);
  say(fmt::format(
      "  {}: {} passed of {} that may, in {:.2f} s; RSS {:.0f} MiB at the start, {:.0f} mean, {:.0f} max; "
      "{:.0f} in the second quarter, {:.0f} in the last",
      which.name, found.count("passed"), found.count("expected"), found.number("seconds"), mb("start_mb"),
      mb("mean_mb"), mb("max_mb"), mb("second_quarter_mb"), mb("last_quarter_mb")));
  bench.report.add(std::move(memory));
  bench.report.add(std::move(flat));
  bench.report.add(std::move(others));
}

}  // namespace

void measure_memory(Bench& bench) {
  const std::uint64_t messages = 1 + (bench.extent.small ? kBehind / 10 : kBehind);
  // The stuck key comes first and once.
  const auto topic =
      bench.make_topic("memory", {.messages = messages, .key_of = [](std::uint64_t i) {
                                    return i == 0 ? kStuckKey : static_cast<std::uint32_t>(i * 7'919 % kKeys);
                                  }});
  Values request = bench.request_for(topic.name());
  request.set("messages", messages).set("stuck_key", fmt::format("user-{}", kStuckKey));
  request.set("concurrency", 5).set("flow", "continuous").set("reducer", "hash").set("max_messages", 100);
  request.set("max_queued", kMaxQueued);
  const Values prefetch = run_part("raw_prefetch", request, kLimit);
  const Values flowing = run_part("raw_flowing", request, kLimit);
  const double limit = limit_mb(std::max(prefetch.number("max_mb"), flowing.number("max_mb")));
  say(
      fmt::format("  librdkafka's full queue: {} messages, {:.0f} MiB; a raw loop that reads all: {:.0f} MiB; the "
                  "larger with max_bytes and the ledger: {:.0f} MiB",
                  prefetch.count("messages"), prefetch.number("max_mb"), flowing.number("max_mb"), limit));
  measure_case(bench, request, kUntilTheBound, limit);
  measure_case(bench, request, kAll, limit);
}

}  // namespace braid::benchmarks
