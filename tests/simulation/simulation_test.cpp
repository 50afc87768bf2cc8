// The real listeners, flows, ledgers and batches over a fake Kafka, a manual clock and a seeded scheduler.
//
//   simulation_tests --seeds=A..B      or BRAID_SEEDS=A..B; a failing seed fails again, alone
//   BRAID_TRACE=1 …                    prints each step and what the engine logs

#include "simulation/census.hpp"
#include "simulation/scenario.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace braid::simulation {
namespace {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr Seeds kDefault{1, 1500};
#else
constexpr Seeds kDefault{1, 10'000};
#endif
constexpr int kFailuresShown = 3;

std::optional<Seeds>& chosen_seeds() {
  static std::optional<Seeds> seeds;
  return seeds;
}

std::optional<Seeds> read_seeds(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  Seeds seeds;
  const auto read = [](std::string_view digits, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (!read(text.substr(0, dots), seeds.first) || !read(text.substr(dots + 2), seeds.last)) return std::nullopt;
  if (seeds.first > seeds.last) return std::nullopt;
  return seeds;
}

// Every second one of the seeds, so that two processes can share them.
void run_half(std::uint64_t rest) {
  const Seeds seeds = chosen_seeds().value_or(kDefault);
  Census census;
  std::uint64_t steps = 0;
  int failures = 0;
  std::uint64_t runs = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last && failures < kFailuresShown; ++seed) {
    if (seed % 2 != rest) continue;
    const Outcome outcome = run_seed(seed, census);
    steps += outcome.step;
    ++runs;
    if (outcome.failure.empty()) continue;
    ++failures;
    ADD_FAILURE() << "seed " << seed << ", step " << outcome.step << ": " << outcome.failure << "\n"
                  << outcome.trace << "again with: --seeds=" << seed << ".." << seed;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("%llu seeds, %llu steps in %.1f s\n%s", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(steps), took.count(), census.text().c_str());
  // A handful of seeds, chosen to look at one, need not meet everything.
  if (runs >= 1500) {
    EXPECT_EQ(census.missing(), "") << "these never happened: nothing is known about them";
  }
}

TEST(Simulation, OddSeedsKeepEveryGuarantee) {
  run_half(1);
}

TEST(Simulation, EvenSeedsKeepEveryGuarantee) {
  run_half(0);
}

TEST(Simulation, ASeedRepeatsExactly) {
  // Once more in another order, so that memory lies elsewhere.
  constexpr std::uint64_t kSeeds = 60;
  std::vector<Outcome> outcomes(kSeeds + 1);
  std::vector<std::string> counts(kSeeds + 1);
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Census census;
    outcomes[seed] = run_seed(seed, census);
    counts[seed] = census.text();
  }
  for (std::uint64_t seed = kSeeds; seed > 0; --seed) {
    Census census;
    const Outcome again = run_seed(seed, census);
    EXPECT_EQ(outcomes[seed].step, again.step);
    EXPECT_EQ(outcomes[seed].failure, again.failure);
    EXPECT_EQ(counts[seed], census.text());
  }
}

void tell_the_seed() {
  const std::string text = describe_running_seed();
  if (text.empty()) return;
  std::fprintf(stderr, "the program ends in %s\n", text.c_str());
  std::fflush(stderr);
}

void handle_abort(int number) {
  tell_the_seed();
  signal(number, SIG_DFL);
  raise(number);
}

}  // namespace
}  // namespace braid::simulation

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

int main(int count, char** arguments) {
  using namespace braid::simulation;
  testing::InitGoogleTest(&count, arguments);
  const char* seeds = std::getenv("BRAID_SEEDS");
  std::string_view text = seeds != nullptr ? seeds : "";
  constexpr std::string_view kOption = "--seeds=";
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument.starts_with(kOption)) text = argument.substr(kOption.size());
  }
  if (!text.empty()) {
    chosen_seeds() = read_seeds(text);
    if (!chosen_seeds()) {
      std::fprintf(stderr, "seeds are given as A..B, not as '%.*s'\n", static_cast<int>(text.size()), text.data());
      return 2;
    }
  }
  signal(SIGABRT, handle_abort);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  __sanitizer_set_death_callback(tell_the_seed);
#else
  signal(SIGSEGV, handle_abort);
#endif
  return RUN_ALL_TESTS();
}
