#pragma once

#include "apps/braid/src/letter.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid::app {

// Which dead letters are meant. All that is set must hold. Thread: a value.
struct ReplayFilter {
  std::optional<std::string> original_topic{};
  std::optional<std::string> error_type{};  // exactly
  std::optional<std::string> key{};         // exactly
  std::optional<Time> since{};              // of its last failure; that moment included
  std::optional<Time> until{};              // that moment not

  [[nodiscard]] bool everything() const { return !original_topic && !error_type && !key && !since && !until; }
};

// What becomes of a message of the dead letter topic.
enum class Verdict : std::uint8_t {
  replay,
  no_dead_letter,  // it has not the headers of one
  unmatched,       // the filter means others
  too_often,       // it was sent back max_replays times already
  circle,          // it would go to the dead letter topic that it is in
};
[[nodiscard]] std::string_view to_string(Verdict verdict);

// What decides it, constant for one replay.
struct ReplayRules {
  ReplayFilter filter{};
  std::uint32_t max_replays = 3;
  std::string dead_letter_topic{};
  Destination destination{};
};

// Pure.
[[nodiscard]] Verdict verdict_of(const Letter& letter, const std::optional<Origin>& origin,
                                 const ReplayRules& rules);

// A moment as people write it: `2026-11-21`, `2026-11-21T19:54`, `2026-11-21T19:54:33Z` (all UTC), milliseconds
// since the epoch, or how long ago: `90s`, `15m`, `2h`, `7d`. None where it is none of these.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text, Time now);

}  // namespace braid::app
