#pragma once

#include "integration/faults/journal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace braid::faults {

// A commit as the group's coordinator has stored it.
struct StoredCommit {
  std::int32_t partition = -1;
  std::int64_t position = 0;
  std::string metadata;
  std::int64_t stored_ms = 0;  // since the epoch, by the coordinator's clock
};

// All that is known of a run.
struct Evidence {
  std::vector<JournalEntry> journal;                   // in the order in which it was written
  std::vector<StoredCommit> commits;                   // of each partition in the order in which they were stored
  std::vector<std::int64_t> ends;                      // of the log, by partition
  std::vector<std::int64_t> positions;                 // the group's last ones, by partition
  std::map<std::uint32_t, std::int64_t> acknowledged;  // by key, how many messages: 0 to one less
};

// What is a fault in one run and to be expected in another.
struct Expectation {
  // These were stopped, or cut off, beyond their session: they may go on with what they had in hand though others
  // have it already. "all": any may, since the network failed.
  std::set<std::int32_t> outlived = {};
  bool all_may_outlive = false;
};

struct Verdict {
  std::size_t messages = 0;     // that the log has
  std::size_t lost = 0;         // nobody has ended them
  std::size_t duplicates = 0;   // begun again though they had been ended
  std::size_t unexplained = 0;  // of these: although the commit that its owner started from told of it
  std::size_t outlived = 0;     // begun by an owner after the next one had begun
  std::size_t unfinished = 0;   // begun, and begun again by another, never ended by the first: it was killed
  double stall_s = 0;  // the longest time in which a partition stood still though its log had a message to run
  double rework_s =
      0;  // the oldest work that was repeated, by when it was ended before the repetition's owner began
  std::vector<std::string> faults;  // what must not be, the first of each kind in words; empty: all is well
};

// Judges a run by what must hold whatever failed:
//  - every message of the log has been ended by somebody, and every acknowledged one is in the log;
//  - a message begins only when those of its key before it have been ended, by whomever;
//  - within one assignment a key only goes forward, and nothing is begun twice;
//  - in one process no message of a key begins while another of it runs, whatever the assignments;
//  - what is begun again had not been covered, by position or gaps, by the last commit that was stored before its
//  new
//    owner's first message: an explained duplicate;
//  - a commit covers only what somebody had ended when it was stored, and no position moves back;
//  - an owner begins nothing after the next one has begun, unless it outlived its membership;
//  - a virtual partition's farewell comes when none of its messages runs, and is the last of its assignment;
//  - the positions are at the ends.
// Pure. Thread: any.
[[nodiscard]] Verdict judge(const Evidence& evidence, const Expectation& expectation = {});

}  // namespace braid::faults
