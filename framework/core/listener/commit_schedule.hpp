#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <optional>

namespace braid::core {

// When a connection commits: every interval, one commit in flight at a time, none while the group's gate is closed,
// a refused one again after a short backoff with the positions of then. Thread: none; pure.
class CommitSchedule {
 public:
  CommitSchedule(Duration interval, Duration retry_backoff, Time now)
      : interval_(interval), retry_backoff_(retry_backoff), due_(now + interval) {}

  // Whether to send now. `gate_open`: the client would not have the commit refused.
  [[nodiscard]] bool ready(Time now, bool gate_open) const { return !in_flight_ && gate_open && now >= due_; }
  // The next one is due at once; behind the one in flight, if there is one, whose answer does not put it off.
  void hurry(Time now) {
    hurried_ = in_flight_.has_value();
    if (now < due_) due_ = now;
  }
  // There was nothing to send.
  void nothing_to_send(Time now) { due_ = now + interval_; }
  // Names the commit that goes out now.
  [[nodiscard]] std::uint64_t sent() {
    in_flight_ = ++last_token_;
    return *in_flight_;
  }
  // False: not the one in flight; its answer means nothing any more.
  [[nodiscard]] bool answered(std::uint64_t token, bool accepted, Time now) {
    if (in_flight_ != token) return false;
    in_flight_.reset();
    due_ = !accepted ? now + retry_backoff_ : hurried_ ? now : now + interval_;
    hurried_ = false;
    return true;
  }
  // Stops waiting for the one in flight; a late answer is ignored.
  void give_up() {
    in_flight_.reset();
    hurried_ = false;
  }
  [[nodiscard]] bool in_flight() const { return in_flight_.has_value(); }
  // When ready() may become true by time alone; nothing while an answer is awaited.
  [[nodiscard]] std::optional<Time> wakes_at() const {
    if (in_flight_) return std::nullopt;
    return due_;
  }

 private:
  Duration interval_;
  Duration retry_backoff_;
  Time due_;
  std::uint64_t last_token_ = 0;
  std::optional<std::uint64_t> in_flight_;
  bool hurried_ = false;  // while the one in flight was on its way
};

}  // namespace braid::core
