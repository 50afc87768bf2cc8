#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <string>

// What follows when user code fails, as values. Thread: plain values; callables run where each of them says.

namespace braid {

struct DeadLetter;
struct Failure;
class Message;

// As a number of retries: for ever.
inline constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

}  // namespace braid

namespace braid::routing {

// How long a failed share waits before its next attempt. No thread and no pool slot is held meanwhile.
struct Backoff {
  enum class Kind : std::uint8_t {
    fixed,        // `initial` each time
    exponential,  // `initial`, then each time `multiplier` as much, at most `max`
    callable,
  };
  Kind kind = Kind::exponential;
  std::chrono::milliseconds initial{1000};  // at least 1 ms
  std::chrono::milliseconds max{60'000};    // exponential: at least `initial`
  double multiplier = 2.0;                  // exponential: at least 1
  // The part of the pause that is drawn at random, 0 to 1: with 0.1 it is between 90 % and 100 % of the full one.
  double jitter = 0.1;
  // (attempt that failed, from 1; what it threw) -> pause. Runs on the worker, behind the attempt. One that throws
  // is logged, and its pause is `initial`.
  std::function<std::chrono::milliseconds(std::uint32_t, const std::exception_ptr&)> callable{};
};

// How often a failed share is tried again. Attempts count for its first unfinished message, and start anew when
// that moves on.
struct Retries {
  // Behind the first attempt; 0: none; `unlimited`. Not set: 3 where dead letters have somewhere to go and there is
  // no `max_elapsed`, else unlimited.
  std::optional<std::uint32_t> max{};
  Backoff backoff{};
  // Not set: every error is worth a retry. One that throws counts as true. Runs on the worker.
  std::function<bool(const std::exception_ptr&)> retry_if{};
  // From the first failure of the first unfinished message; not set: as long as it takes.
  std::optional<std::chrono::milliseconds> max_elapsed{};
};

// What is tried again when a share has failed.
enum class OnFailure : std::uint8_t {
  isolate,   // that share alone
  collapse,  // flow: batch: all that is not done of the batch, as one share in the order of offsets
};

// What becomes of a message when its retries are used up.
enum class OnExhausted : std::uint8_t {
  dead_letter,  // it goes where dead letters go
  skip,         // it counts as done
  park,         // it stays open, and what is behind it goes on: the order of its key is given up
  stop,         // the application stops, and says why
};

// What a strategy decides of a failed attempt.
enum class Decision : std::uint8_t {
  by_rules,  // as `retries` and `on_exhausted` say
  retry,
  dead_letter,
  skip,
  park,
  stop,
};

// Where messages go that could not be processed, and what is asked before.
struct DeadLetters {
  enum class To : std::uint8_t {
    nowhere,    // there are none: see OnExhausted
    topic,      // always the same
    function,   // `topic_of`
    discarded,  // `topic: none`: they are skipped, and counted as dead letters
  };
  To to = To::nowhere;  // drawn with a topic or a function alone, it follows from that
  std::string topic{};
  // Asked for each dead letter, and for each message that is to be parked: it may have to go later. Runs on the
  // worker. One that throws, or returns an empty name, is logged, and asked again after a backoff.
  std::function<std::string(const Message&)> topic_of{};
  // Asked at each failed attempt, before the rules. Runs on the worker. One that throws is logged, and the share is
  // tried again.
  std::function<Decision(const Failure&)> strategy{};
  // Called once for each dead letter before it is sent, and for each message that is to be parked; may change its
  // payload, key and headers. Runs on the worker. One that throws is logged, and the letter goes as it was.
  std::function<void(DeadLetter&)> on_dead_letter{};
};

// The same pause each time.
[[nodiscard]] Backoff fixed(std::chrono::milliseconds pause);
// `initial`, then `multiplier` times as much each time, at most `max`.
[[nodiscard]] Backoff exponential(std::chrono::milliseconds initial, std::chrono::milliseconds max,
                                  double multiplier = 2.0, double jitter = 0.1);
// Whatever the function says.
[[nodiscard]] Backoff backoff(
    std::function<std::chrono::milliseconds(std::uint32_t, const std::exception_ptr&)> callable);

}  // namespace braid::routing

namespace braid {

using routing::backoff;
using routing::exponential;
using routing::fixed;

}  // namespace braid
