#pragma once

#include "core/time.hpp"

#include <braid/routing/routes.hpp>

#include <cstdint>
#include <optional>

namespace braid::core {

// What follows a failed attempt, by the rules of its topic.
enum class Next : std::uint8_t {
  go_on,        // with what is left of its share, at once
  retry,        // what is left of its share, after a pause
  singly,       // the same one message at a time and at once, since nobody knows which of them failed
  dead_letter,  // the message that failed goes where dead letters go
  skip,         // the message that failed counts as done
  park,         // the message that failed stays open, and what is behind it goes on
  stop,         // the application stops
  drop,         // what is left of its share is given up: it is processed at most once
};

// What is known of an attempt that failed.
struct FailedAttempt {
  std::uint32_t attempt = 1;   // of the first unfinished message
  Duration elapsed{};          // since its first failure
  bool delivered = true;       // false: user code has not seen any message yet, so that none of them is to blame
  bool culprit_known = false;  // which message failed
  bool worth_retrying = true;  // what `retry_if` said
  routing::Decision asked = routing::Decision::by_rules;  // what a strategy said
};

// A topic's rules for attempts that fail. An unknown culprit never gets anything but another attempt: whatever is
// to become of a message, its share goes on singly until the message has failed alone.
// Thread: none; pure.
class RecoveryRules {
 public:
  explicit RecoveryRules(const routing::Topic& topic);

  [[nodiscard]] Next decide(const FailedAttempt& failed) const;
  [[nodiscard]] std::uint32_t max_retries() const { return max_retries_; }

 private:
  [[nodiscard]] bool exhausted(const FailedAttempt& failed) const;
  [[nodiscard]] Next wanted(const FailedAttempt& failed) const;

  std::uint32_t max_retries_;
  std::optional<Duration> max_elapsed_;
  Next on_exhausted_;
  bool dead_letters_;  // they have somewhere to go
  bool at_most_once_;
};

// Whether a topic's dead letters have somewhere to go.
[[nodiscard]] bool has_dead_letters(const routing::Topic& topic);

}  // namespace braid::core
