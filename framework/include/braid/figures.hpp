#pragma once

#include <cstdint>

namespace braid {

// What an application has done so far. Counted since start(), over all connections.
struct Figures {
  std::uint64_t messages_taken = 0;  // admitted from Kafka
  std::uint64_t messages_done = 0;   // settled by consumers
  std::uint64_t messages_stale = 0;  // dropped: below the expected offset, or of an assignment that ended
  // Dropped: whoever had the partition before had done them, as the metadata of its last commit tells.
  std::uint64_t messages_done_before = 0;
  std::uint64_t messages_filtered = 0;  // skipped by filters: done, and no consumer saw them
  std::uint64_t offset_jumps = 0;       // offsets that were never there (compaction, transactions)
  std::uint64_t messages_copied = 0;    // they waited for long: see the topics' `hold_copy_after`
  std::uint64_t batches = 0;
  std::uint64_t attempts_failed = 0;
  std::uint64_t messages_dropped = 0;     // failed under `before_processing`, which tries nothing again
  std::uint64_t retries = 0;              // attempts of what had failed, or had asked for another one
  std::uint64_t messages_skipped = 0;     // given up, and not processed
  std::uint64_t dead_letters = 0;         // acknowledged by the broker; or skipped, where they go nowhere
  std::uint64_t dead_letters_failed = 0;  // times that one could not be sent; it was, or will be, sent again
  std::uint32_t messages_parked = 0;      // at present: see OnExhausted::park
  std::uint64_t commits = 0;              // acknowledged
  std::uint64_t commits_failed = 0;
  std::uint64_t assignments = 0;  // partitions assigned, each time counted
  std::uint64_t revocations = 0;
  std::uint64_t seeks = 0;                // that consumers asked for and that were done
  std::uint32_t connections = 0;          // at present: those that run, all subscription groups together
  std::uint64_t connection_restarts = 0;  // times that one got a new client, since the one before had failed
  std::uint32_t jobs_running = 0;
  std::uint32_t jobs_running_max = 0;
};

}  // namespace braid
