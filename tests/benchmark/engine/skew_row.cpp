// Keys of very different weight: does a hot one hold up the others?

#include "parts.hpp"
#include "rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace braid::benchmarks {
namespace {

constexpr std::uint64_t kMessages = 20'000;
constexpr std::uint32_t kKeys = 10'000;
constexpr double kExponent = 1.1;
constexpr std::uint32_t kThreads = 32;
constexpr std::uint64_t kSleepUs = 1'000;
constexpr std::chrono::seconds kLimit{180};

// The key of each message: independent draws, the same in every run.
std::vector<std::uint32_t> zipf_keys() {
  std::vector<double> weights;
  for (std::uint32_t rank = 1; rank <= kKeys; ++rank) weights.push_back(std::pow(rank, -kExponent));
  std::discrete_distribution<std::uint32_t> draw(weights.begin(), weights.end());
  std::mt19937 random(1);
  std::vector<std::uint32_t> keys(kMessages);
  for (std::uint32_t& key : keys) key = draw(random);
  return keys;
}

double sleepers_seconds(std::uint32_t threads, std::uint64_t times) {
  Values request;
  request.set("threads", threads).set("times", times).set("sleep_us", kSleepUs);
  return run_part("sleepers", request, kLimit).number("seconds");
}

}  // namespace

void measure_skew(Bench& bench) {
  const std::vector<std::uint32_t> keys = zipf_keys();
  const auto hottest = static_cast<std::uint64_t>(std::count(keys.begin(), keys.end(), 0U));
  const auto topic = bench.make_topic("skew", {.messages = kMessages, .key_of = [&](auto i) { return keys[i]; }});
  Values sticky = bench.request_for(topic.name());
  sticky.set("messages", kMessages).set("sleep_us", kSleepUs).set("concurrency", kThreads);
  sticky.set("flow", "continuous").set("reducer", "sticky").set("virtual_partitions", 8 * kThreads);
  sticky.set("max_messages", 100);  // the default, for both
  Values hash = sticky;
  hash.set("flow", "batch").set("reducer", "hash");

  Figure limit{.name = "engine.skew",
               .what = "Zipf(1.1), 1 ms, 32 threads: continuous sticky",
               .unit = "s",
               .target = 1.10,
               .against = "limit",
               .labels = fmt::format("flow=continuous reducer=sticky hottest={}", hottest)};
  Figure against{.name = "engine.skew",
                 .what = "the same against batch with hash",
                 .unit = "s",
                 .target = 1.0,
                 .against = "batch_hash",
                 .labels = "flow=continuous reducer=sticky"};
  for (std::uint32_t i = 1; i <= bench.extent.rounds; ++i) {
    const double by_key = sleepers_seconds(1, hottest);
    const double by_work = sleepers_seconds(kThreads, (kMessages + kThreads - 1) / kThreads);
    const double of_sticky = run_part("sleeping", sticky, kLimit).number("seconds");
    const double of_hash = run_part("sleeping", hash, kLimit).number("seconds");
    limit.add(of_sticky, std::max(by_key, by_work));
    against.add(of_sticky, of_hash);
    say(fmt::format(
        "  round {}: continuous sticky {:.3f} s, batch hash {:.3f} s; limits: hottest key's {} messages "
        "{:.3f} s, all the work {:.3f} s",
        i, of_sticky, of_hash, hottest, by_key, by_work));
  }
  bench.report.add(std::move(limit));
  bench.report.add(std::move(against));
}

}  // namespace braid::benchmarks
