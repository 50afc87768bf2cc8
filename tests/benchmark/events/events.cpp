// Events: what telling of one costs that nobody hears, and one that somebody does

#include "engine/instrumentation/event_hub.hpp"

#include <braid/monitor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace braid;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 9;
constexpr std::uint64_t kTimes = 20'000'000;
constexpr std::uint64_t kTimesHeard = 100'000;

// Keeps the compiler from leaving a loop out.
void keep(std::uint64_t& value) {
  asm volatile("" : "+r"(value) : : "memory");
}

template <class Body>
double nanoseconds_each(std::uint64_t times, Body&& body) {
  const auto before = Clock::now();
  for (std::uint64_t i = 0; i < times; ++i) body(i);
  return std::chrono::duration<double, std::nano>(Clock::now() - before).count() / static_cast<double>(times);
}

void report(const char* what, std::vector<double> values) {
  std::ranges::sort(values);
  fmt::print("{:44} {:8.2f} ns  ({:.2f} to {:.2f})\n", what, values[values.size() / 2], values.front(),
             values.back());
}

events::BatchSettled settled(std::uint64_t i) {
  return {.where = {"a-consumer-group", "a-topic-of-some-length", 3},
          .first_offset = static_cast<std::int64_t>(i),
          .messages = 100};
}

}  // namespace

int main() {
  Monitor unheard;
  Monitor heard;
  std::uint64_t count = 0;
  const auto subscription = heard.subscribe<events::BatchSettled>([&](const auto&) { ++count; });
  std::array<std::vector<double>, 3> results;
  for (int round = 0; round < kRounds; ++round) {
    results[0].push_back(nanoseconds_each(kTimes, [](std::uint64_t i) { keep(i); }));
    results[1].push_back(nanoseconds_each(kTimes, [&](std::uint64_t i) {
      keep(i);
      unheard.hub()->emit<events::BatchSettled>([&] { return settled(i); });
    }));
    results[2].push_back(nanoseconds_each(kTimesHeard, [&](std::uint64_t i) {
      heard.hub()->emit<events::BatchSettled>([&] { return settled(i); });
    }));
    heard.flush(std::chrono::seconds(10));
  }
  report("an empty loop", results[0]);
  report("the same, with an event that nobody hears", results[1]);
  report("an event that somebody hears, its telling", results[2]);
  fmt::print("heard {} of {}, dropped {}\n", count, kRounds * kTimesHeard, heard.dropped());
  return 0;
}
