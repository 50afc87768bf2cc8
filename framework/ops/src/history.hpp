#pragma once

#include <braid/event.hpp>
#include <braid/monitor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace braid::ops {

// What has happened of late and is worth a look afterwards: the last 200 of each kind. What repeats itself, as the
// failures of one message do, takes one entry and is counted, so that it does not push out the rest.
// Thread: any; events come on the monitor's.
class History {
 public:
  enum class Kind : std::uint8_t {
    errors,      // failures, stalls, what runs for too long
    letters,     // what was given up: dead letters, parked, skipped and dropped messages
    rebalances,  // assignments, revocations, starts and failures of connections
  };
  static constexpr std::size_t kKinds = 3;
  static constexpr std::size_t kMost = 200;  // of each kind

  History() = default;
  // From here on it listens. Once.
  void listen(Monitor& monitor);

  void add(Event event, Monitor::Moment at);
  // {"errors":[...]}, the newest first: each with `event`, its fields, `at_ms`, and, where it came
  // again and again, `first_at_ms` and `repeats`.
  [[nodiscard]] std::string json(Kind kind) const;
  // Grows with each event that is kept.
  [[nodiscard]] std::uint64_t revision() const;

 private:
  struct Entry {
    Event event;
    std::string about;  // what makes two of them the same
    Monitor::Moment first;
    Monitor::Moment last;
    std::uint64_t times = 1;
  };
  mutable std::mutex mutex_;
  std::array<std::deque<Entry>, kKinds> entries_;  // the oldest first; under mutex_
  std::array<std::uint64_t, kKinds> forgotten_{};  // likewise
  std::uint64_t revision_ = 0;                     // likewise
  std::array<Subscription, 20> subscriptions_{};   // last: their end waits for who writes to the rest
};

}  // namespace braid::ops
