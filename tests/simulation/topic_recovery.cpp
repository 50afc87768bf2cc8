#include "simulation/topic_recovery.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>

namespace braid::simulation {

namespace {

using routing::DeadLetters;
using routing::Decision;
using routing::OnExhausted;

std::uint32_t per_mille(int partition, std::int64_t offset, std::uint64_t salt) {
  Random random((static_cast<std::uint64_t>(offset) * 64 + static_cast<std::uint64_t>(partition)) * 8 + salt);
  return static_cast<std::uint32_t>(random.below(1000));
}

void draw_what_follows(Random& random, const RecoverySetting& setting, TopicRecovery& recovery) {
  const std::size_t which = random.below(100);
  // Nothing is ever given up by rule. Under manual offsets that can't be told from outside: marks of other threads
  // may come before or behind the decision.
  if (which < 25 || setting.manual_offsets) return;
  constexpr std::uint32_t kMax[] = {0, 1, 3, unlimited};
  if (which < 30 && !setting.at_most_once) {
    recovery.max = kMax[random.below(3)];
    recovery.on_exhausted = OnExhausted::stop;
    return;
  }
  if (which < 45) {
    recovery.max = kMax[random.below(3)];
    recovery.on_exhausted = OnExhausted::skip;
    return;
  }
  recovery.letters = which < 55 ? DeadLetters::To::discarded : DeadLetters::To::topic;
  recovery.max = kMax[random.below(random.chance(100) ? 4 : 3)];
  const std::size_t then = random.below(100);
  if (then < 15) {
    recovery.on_exhausted = OnExhausted::skip;
  } else if (then < 45 && recovery.letters == DeadLetters::To::topic && !setting.at_most_once) {
    recovery.on_exhausted = OnExhausted::park;
    recovery.may_park = true;
  } else if (then < 60) {
    recovery.on_exhausted = OnExhausted::dead_letter;
  }
}

}  // namespace

TopicRecovery draw_recovery(Random& random, const RecoverySetting& setting) {
  TopicRecovery recovery;
  const std::chrono::milliseconds initial(random.between(1, 60));
  recovery.backoff = random.chance(600)
                         ? routing::fixed(initial)
                         : routing::exponential(initial, std::chrono::milliseconds(initial.count() * 4), 2.0,
                                                static_cast<double>(random.below(11)) / 10);
  if (random.chance(150)) {
    recovery.backoff = {.kind = routing::Backoff::Kind::callable};
    recovery.backoff.callable = [](std::uint32_t attempt, const std::exception_ptr&) {
      const auto said = backoff_says(attempt);
      if (!said) throw std::runtime_error("a backoff failed");
      return *said;
    };
  }
  draw_what_follows(random, setting, recovery);
  if (recovery.letters == DeadLetters::To::topic) {
    recovery.topic_of = random.chance(300);
    recovery.on_letter = random.chance(300);
  }
  // A share whose letter waits for its address goes on alone, whatever its topic says.
  recovery.collapses = !recovery.topic_of && !setting.continuous && !setting.manual_offsets &&
                       !setting.at_most_once && random.chance(250);
  recovery.retry_if = random.chance(200);
  if (!setting.manual_offsets && random.chance(250)) {
    recovery.strategy = true;
    recovery.may_park = recovery.letters == DeadLetters::To::topic && !setting.at_most_once;
  }
  if (recovery.may_park && random.chance(500)) {
    recovery.max_parked = static_cast<std::uint32_t>(random.between(1, 6));
  }
  const bool alone = !setting.manual_offsets && !setting.tickets && random.chance(300);
  recovery.says = alone ? Says::one_at_a_time : random.chance(500) ? Says::names : Says::nothing;
  const bool ends = recovery.max != unlimited || setting.at_most_once;
  // What fails for ever would stop every process that gets it.
  if (ends && recovery.on_exhausted != OnExhausted::stop && random.chance(700))
    recovery.poison = static_cast<std::uint32_t>(random.between(5, 60));
  if (random.chance(600)) recovery.transient = static_cast<std::uint32_t>(random.between(10, 80));
  if (random.chance(500)) recovery.explicitly = static_cast<std::uint32_t>(random.between(3, 30));
  return recovery;
}

bool is_poison(const TopicRecovery& recovery, int partition, std::int64_t offset) {
  return per_mille(partition, offset, 1) < recovery.poison;
}

int transient_failures(const TopicRecovery& recovery, int partition, std::int64_t offset) {
  const std::uint32_t drawn = per_mille(partition, offset, 2);
  return drawn < recovery.transient ? 1 + static_cast<int>(drawn % 3) : 0;
}

std::optional<Decision> strategy_says(const TopicRecovery& recovery, int partition, std::int64_t offset,
                                      std::uint32_t attempt) {
  const std::uint32_t drawn = per_mille(partition, offset * 8 + std::min<std::uint32_t>(attempt, 7), 3);
  if (drawn < 550 || attempt > 6) return Decision::by_rules;
  if (drawn < 700) return Decision::retry;
  if (drawn < 790) return Decision::skip;
  if (drawn < 880) return Decision::dead_letter;
  if (drawn < 960) return recovery.may_park ? Decision::park : Decision::by_rules;
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> backoff_says(std::uint32_t attempt) {
  if (attempt % 4 == 3) return std::nullopt;
  return std::chrono::milliseconds(7 * (attempt % 4));
}

std::chrono::nanoseconds pause_least(const routing::Backoff& backoff, std::uint32_t attempt) {
  if (backoff.kind == routing::Backoff::Kind::callable) {
    return backoff_says(attempt).value_or(std::chrono::milliseconds(0));
  }
  std::chrono::nanoseconds pause = backoff.initial;
  if (backoff.kind == routing::Backoff::Kind::fixed) return pause;
  for (std::uint32_t i = 1; i < attempt && pause < backoff.max; ++i) pause *= 2;
  pause = std::min<std::chrono::nanoseconds>(pause, backoff.max);
  // A little less, for what rounding takes.
  const auto part = static_cast<std::int64_t>((1.0 - backoff.jitter) * 1000);
  return std::max(std::chrono::nanoseconds(0), pause * part / 1000 - std::chrono::microseconds(1));
}

}  // namespace braid::simulation
