#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace braid::core {

// When a connection commits: when its first partition is due (see PartitionCommits), one commit in flight at a
// time, none while the group's gate is closed, and after a refusal none before a short backoff is over. Thread:
// none; pure.
class CommitSchedule {
 public:
  explicit CommitSchedule(Duration retry_backoff) : retry_backoff_(retry_backoff) {}

  // A partition is due then. The earliest counts.
  void due_by(Time at) { due_ = due_ ? std::min(*due_, at) : at; }
  // All partitions were looked at; those that were due are sent, or had nothing to send. due_by() then says anew
  // when the next one is.
  void looked() { due_.reset(); }
  // Whether to send now. `gate_open`: the client would not have the commit refused.
  [[nodiscard]] bool ready(Time now, bool gate_open) const {
    return !in_flight_ && gate_open && due_ && now >= *due_ && now >= not_before_;
  }
  // Names the commit that goes out now.
  [[nodiscard]] std::uint64_t sent() {
    in_flight_ = ++last_token_;
    return *in_flight_;
  }
  // The same, of one that keeps no other waiting.
  [[nodiscard]] std::uint64_t sent_apart() { return ++last_token_; }
  // False: not the one in flight; its answer means nothing any more.
  [[nodiscard]] bool answered(std::uint64_t token, bool accepted, Time now) {
    if (in_flight_ != token) return false;
    in_flight_.reset();
    if (!accepted) not_before_ = now + retry_backoff_;
    return true;
  }
  // None before then, since it would be refused likewise.
  void put_off(Time until) { not_before_ = std::max(not_before_, until); }
  // There may be no later chance.
  void try_now() { not_before_ = Time::min(); }
  // Stops waiting for the one in flight; a late answer is ignored.
  void give_up() { in_flight_.reset(); }
  [[nodiscard]] bool in_flight() const { return in_flight_.has_value(); }
  // When ready() may become true by time alone; nothing while an answer is awaited, or nothing is due.
  [[nodiscard]] std::optional<Time> wakes_at() const {
    if (in_flight_ || !due_) return std::nullopt;
    return std::max(*due_, not_before_);
  }

 private:
  Duration retry_backoff_;
  Time not_before_ = Time::min();
  std::optional<Time> due_;
  std::uint64_t last_token_ = 0;
  std::optional<std::uint64_t> in_flight_;
};

}  // namespace braid::core
