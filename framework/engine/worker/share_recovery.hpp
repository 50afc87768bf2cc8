#pragma once

#include "core/recovery/recovery_rules.hpp"
#include "engine/ports/clock.hpp"

#include <braid/recovery.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {

// What there is to know of a share beyond how far it is marked, once an attempt of it has failed or has said
// explicitly what is to become of a message; others have none. Messages are told by their place in the share.
//
//   unfinished ──dead_letter──▶ cause ──built──▶ letter ──acknowledged──▶ given up
//        └─────────skip, park────────────────────────────────────────────────▲
//
// Thread: as the share: the worker's while it runs, else the listener's.
struct ShareRecovery {
  using WallTime = std::chrono::system_clock::time_point;

  // A message that is to be a dead letter, and why.
  struct Cause {
    std::uint32_t index = 0;
    std::string error_type;
    std::string error_text;
    std::uint32_t attempts = 1;
    WallTime first_failure;
    WallTime last_failure;
    bool park = false;  // only when there is no room for it among those that are parked
  };
  struct Letter {
    std::uint32_t index = 0;
    DeadLetter letter;
  };

  // --- said by the present attempt

  std::vector<std::uint32_t> skipped;
  std::optional<Duration> retry_after;

  // --- on their way to dead letters: nothing behind the first of them counts as marked meanwhile

  std::vector<Cause> causes;    // their letters are not built yet: nobody could say where they go
  std::vector<Letter> letters;  // not acknowledged yet
  std::vector<Letter> parked;   // until the listener has taken them over

  // --- for good

  std::vector<std::uint32_t> given_up;  // ascending; what is marked behind them too
  bool singly = false;
  std::uint32_t failures = 0;         // attempts that failed though they had the first unfinished message
  std::optional<Time> first_failure;  // of these
  WallTime first_failure_at;
  std::uint32_t asked_where = 0;  // how often in vain where a letter goes

  // --- what follows the last attempt

  std::optional<std::uint32_t> culprit;  // which message failed, where that is known
  core::Next next = core::Next::go_on;
  Duration pause{};
};

}  // namespace braid::engine
