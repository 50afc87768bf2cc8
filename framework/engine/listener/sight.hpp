#pragma once

#include "engine/ports/clock.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/share.hpp"

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {

// What one virtual partition has in hand.
struct WorkSight {
  enum class State : std::uint8_t {
    running,   // in user code
    ticket,    // its call has returned, and what it deferred is not settled
    letters,   // dead letters of it are not acknowledged
    retry,     // until it is due
    queued,    // for the pool, a cap, or the end of a pause
    hook,      // in user code that is a hook
    farewell,  // the last one
  };
  State state = State::queued;
  std::uint32_t index = 0;
  std::size_t messages = 0;  // of a share that are not done; 0: nobody can tell
  Offset first{-1};          // the first of these; -1: none
  Offset last{-1};
  std::optional<std::string> key{};  // of the first one, bounded; none: it has none, or nobody can tell
  std::optional<Time> since{};       // in user code, or deferred
  std::optional<Time> until{};       // retry
  long thread = 0;                   // in user code: the system's number of it
};

// What a runner has in hand and waits for, at one moment.
struct RunnerSight {
  std::vector<WorkSight> work;  // by virtual partition
  std::size_t open = 0;         // offsets that are delivered and not done
  std::size_t waiting = 0;      // messages that are here and that no job has
  std::size_t parked = 0;
  std::size_t letters = 0;  // on their way
  std::optional<CommitPosition> position;
  std::optional<CommitPosition> expected;
  std::optional<Offset> oldest_open;
  std::optional<Offset> highest_done;       // of this assignment
  std::size_t bytes_held = 0;               // keys and payloads
  std::optional<Time> filter_until;         // what comes next waits for a filter
  bool waits_for_commit = false;            // nothing starts before one is acknowledged
  bool takes = true;                        // has room for more
  std::optional<std::uint32_t> full_queue;  // the virtual partition whose queue is full
};

// What waits in a virtual partition's queue.
struct QueueSight {
  std::uint32_t index = 0;
  std::size_t messages = 0;
};

// A share that was handed over; none: it is done, as far as its listener can tell.
// Thread: the listener's, which has it, or has sent it.
[[nodiscard]] std::optional<WorkSight> see_share(Assignment& assignment, const Share& share,
                                                 std::optional<Time> retry, bool letters_out);
// Adds what runs of an assignment and is not in `work` yet. Looks at each slot, unless no job is out.
void see_slots(Assignment& assignment, std::vector<WorkSight>& work);

// As `virtual partition 3 runs since 1.5 s on thread 123: offsets 10 to 19 (7 messages), key 'x'`.
[[nodiscard]] std::string describe_work(const WorkSight& work, Time now);
// What is in user code for the longest, or deferred; null: nothing is.
[[nodiscard]] const WorkSight* longest_running(const std::vector<WorkSight>& work);
[[nodiscard]] std::string describe_duration(Duration duration);

}  // namespace braid::engine
