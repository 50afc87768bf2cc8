#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Whether an application lives and is ready, and why. Thread: none; pure.

namespace braid::core {

struct HealthLimits {
  // A listener that has not turned for so long hangs. One turns at least each second, but may wait for a broker or
  // for a filter of the user's.
  Duration turn_within = std::chrono::seconds(30);
  // A call of user code that runs for longer hangs; 0: none does, however long it takes.
  Duration job_within = std::chrono::minutes(10);
  // A connection that has not joined its group for so long keeps an application from being ready. Shorter gaps, as
  // rebalances are, do not, once it has been ready.
  Duration join_within = std::chrono::seconds(30);
};

// What there is to see of an application at one moment.
struct HealthSight {
  enum class State : std::uint8_t { starting, running, quiet, stopping, stopped };
  struct Connection {
    std::string name;           // of its thread
    bool has_client = true;     // else it waits for a new one
    Duration since_turn{};      // of its listener; only where it has a client
    bool joined = false;        // its group has told it which partitions it has, be it none
    bool has_joined = false;    // it had joined before
    Duration not_joined_for{};  // since its start, or since it was last
    std::uint32_t partitions = 0;
    std::string trouble;  // what its client has failed by last, in words; empty: nothing
  };
  struct Job {
    std::string thread;
    std::string what;  // whose it is, in words
    Duration runs_for{};
  };
  State state = State::starting;
  std::string failure;  // why the application can't go on; empty: it can
  std::vector<Connection> connections;
  std::vector<Job> jobs;  // in user code
};

struct HealthReason {
  enum class Code : std::uint8_t {
    starting,
    quiet,  // it was told to take nothing more
    stopping,
    stopped,
    failed,  // the application can't go on
    listener_hangs,
    job_hangs,
    no_client,   // a connection waits for a new client
    not_joined,  // a connection is not a member of its group
    idle,        // it is, and the group has no partition for it: well
    assigned,    // it is, and has partitions: well
  };
  Code code = Code::starting;
  std::string about;  // a thread, or empty: the application
  std::string text;   // in words
  bool is_well = false;
};
[[nodiscard]] std::string_view name_of(HealthReason::Code code);

struct Health {
  bool well = true;
  std::vector<HealthReason> reasons;  // what is not well first; of what is well, what it is well by
};

// Whether it is of use to let the process live: nothing hangs. Brokers that are away are no reason to end it.
[[nodiscard]] Health liveness(const HealthSight& sight, const HealthLimits& limits);
// Whether it does what it is there for: it runs, and all connections have joined their groups.
[[nodiscard]] Health readiness(const HealthSight& sight, const HealthLimits& limits);

// {"well":false,"reasons":[{"code":"not_joined","well":false,"about":"braid-l-0","text":"..."}]}
[[nodiscard]] std::string to_json(const Health& health);

}  // namespace braid::core
