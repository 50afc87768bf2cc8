#pragma once

#include "engine/ports/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace braid::simulation {

class SteeredPartition;
class WorkRecord;

// What a plain observer knows of one virtual partition in one incarnation.
struct VirtualPartitionFacts {
  std::int64_t done_through = -1;          // the highest offset that user code worked on, and is not to see again
  std::optional<std::int64_t> retry_from;  // an attempt failed: the first offset that it left unfinished
  bool farewell = false;                   // its last hook has been called
  std::int64_t marked_through = -1;        // the highest one done: marked, or its attempt ended well
  std::int64_t awaited_through = -1;       // that, when the last attempt ended well
  std::int64_t first_given = -1;           // the offset of the first message that it was given
  std::uint64_t returned_at = 0;           // the step in which its last job returned
  std::int64_t end_heard = -1;             // it has heard that the end behind this was reached, at least
  std::uint64_t end_heard_at = 0;          // in this step, the last time
  std::optional<std::int64_t> ticks_from;  // its first job began then, in microseconds
  std::int64_t ticks = 0;
  std::int64_t covered_through = -1;  // the highest one done that the group's commits have told of
};

// Where a key was last.
struct KeyHome {
  std::uint32_t virtual_partition = 0;
  std::uint64_t finished_at = 0;  // the step in which the last of its messages was finished
};

// The end of the log was reached behind that offset.
struct EndReached {
  std::int64_t highest_taken = -1;
  std::uint64_t step = 0;
};

// Somebody waits for a commit that tells of this offset.
struct CommitWait {
  std::int64_t through = -1;
  bool covered = false;
};

// What is left of a share, and must come next.
struct ExpectedAttempt {
  bool waits = false;  // nothing may come yet: dead letters are on their way
  std::int64_t first = -1;
  std::int64_t last = -1;
  std::size_t size = 0;
  std::uint32_t attempt = 1;
  bool any_attempt = false;  // or which one can't be told
  engine::Time not_before{};
};

// A message that is to be a dead letter, or may be one.
struct LetterDue {
  std::weak_ptr<WorkRecord> record{};
  std::uint32_t attempts = 1;
};

// A partition as one client fetches it from one starting point: from an assignment, or a restart, to its end. The
// engine calls its own notion of the same a generation. A plain record, by which the guarantees judge.
struct Incarnation {
  std::uint64_t id = 0;
  int partition = 0;
  int process = 0;
  int connection = 0;
  std::int64_t start = 0;        // no message below it counts
  std::uint64_t generation = 0;  // the engine's number, once user code has seen it
  bool ending = false;           // revoked: nothing that has not started may start
  bool ended = false;            // unassigned or restarted elsewhere: nothing counts any more
  std::int64_t highest_taken = -1;
  std::int64_t end_told = -1;          // where the log ended, when its end was reached last
  std::vector<EndReached> ends;        // each that something came before, since the last one
  std::size_t admitted = 0;            // messages taken that were new
  std::size_t admitted_at_end = 0;     // behind the last one of these
  std::set<std::int64_t> done_before;  // as the stored metadata told
  std::set<std::int64_t> open;         // taken for the first time, and not finished, nor done before
  std::map<std::uint32_t, VirtualPartitionFacts> virtual_partitions;
  std::map<int, std::size_t> next_of_key;  // index among the key's offsets of the next one to be finished
  std::int64_t told_below = -1;            // the highest position that the group has stored of it
  std::int64_t last_sent = -1;             // position
  std::set<std::int64_t> last_told;        // done, in the metadata beside it, or read
  bool asked = false;                      // a consumer has asked for a commit
  std::int64_t asked_through = -1;         // a consumer has asked to commit what is done up to here
  std::map<std::size_t, CommitWait> waits;
  std::size_t last_wait = 0;
  std::map<int, KeyHome> homes;     // of keys
  std::set<std::int64_t> given_up;  // skipped, parked, or dead letters that were acknowledged
  std::set<std::int64_t> parked;    // of these, and open
  std::map<std::int64_t, LetterDue> letters;
  int jobs_inside = 0;
  std::uint64_t returned_at = 0;  // the step in which its last job returned
  std::shared_ptr<SteeredPartition> steered;
  bool sought = false;        // a consumer has sent it to where it starts
  bool moved = false;         // it starts there whatever is stored: sought, or that was not in the log
  bool start_stored = false;  // with these: a position of its own is stored
  bool start_known = false;   // and its reader has been told so
  bool stop_due = false;      // an attempt has failed that is to end the application
  bool inexact = false;       // marked when it was over, or fenced by its store: its last position may be any
  bool fenced = false;        // its store has refused its epoch: nothing of it is ever stored

  // By the definition: the lowest open offset; if there is none, the one after the highest taken, or the end of the
  // log if that was reached.
  [[nodiscard]] std::int64_t position() const {
    if (!open.empty()) return *open.begin();
    return std::max({start, highest_taken + 1, end_told});
  }
};

}  // namespace braid::simulation
