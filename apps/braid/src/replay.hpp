#pragma once

#include "apps/braid/src/replay_filter.hpp"

#include <braid/routing/routes.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <string>

namespace braid::app {

struct ReplayOptions {
  std::string bootstrap{};
  std::string topic{};  // of dead letters
  std::string group{};  // whose positions say how far the replay is
  ReplayRules rules{};  // dead_letter_topic is `topic`
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  bool dry_run = false;
  bool pass_left = false;  // what is left counts as done
  bool verbose = false;
  // For nothing to move; also for each request.
  std::chrono::milliseconds timeout{60'000};
  routing::KafkaSettings kafka{};
  bool handle_signals = false;
};

// How a replay ended.
struct ReplayOutcome {
  std::uint64_t replayed = 0;  // acknowledged; in a dry run, that would be sent
  std::uint64_t unmatched = 0;
  std::uint64_t too_often = 0;
  std::uint64_t no_dead_letters = 0;
  std::uint64_t circles = 0;
  std::uint64_t held_back = 0;  // too many stretches of left messages before them: see LeftStretches
  bool complete = false;        // the topic's end, as it was at the start, or the limit was reached
  bool interrupted = false;
  std::string failure{};  // why it is not complete
};

// Sends dead letters back until the topic's end as it is now. At least once: positions are committed for what has
// been acknowledged, and never beyond a message that was left, unless `pass_left`. What is left stays open, as a
// gap: the commits' metadata tells a later run which messages behind it are done. Blocks; ends after `timeout`
// without any movement. Throws ApplicationError where there is no broker, std::invalid_argument for a setting that
// the client refuses, std::runtime_error where there is no such topic. Thread: any; an application and a producer
// of its own.
[[nodiscard]] ReplayOutcome replay(const ReplayOptions& options, std::ostream& out, std::ostream& err);

}  // namespace braid::app
