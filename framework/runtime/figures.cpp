#include "runtime/figures.hpp"

#include <fmt/format.h>

#include <chrono>

namespace braid::runtime {

Figures figures_of(const engine::Counters& counters) {
  Figures figures;
  figures.messages_taken = counters.messages_taken.load();
  figures.messages_done = counters.messages_done.load();
  figures.messages_stale = counters.messages_stale.load();
  figures.messages_done_before = counters.messages_done_before.load();
  figures.messages_filtered = counters.messages_filtered.load();
  figures.offset_jumps = counters.offset_jumps.load();
  figures.messages_copied = counters.messages_copied.load();
  figures.batches = counters.batches.load();
  figures.attempts_failed = counters.attempts_failed.load();
  figures.messages_dropped = counters.messages_dropped.load();
  figures.retries = counters.retries.load();
  figures.messages_skipped = counters.messages_skipped.load();
  figures.dead_letters = counters.dead_letters.load();
  figures.dead_letters_failed = counters.dead_letters_failed.load();
  figures.messages_parked = counters.messages_parked.load();
  figures.commits = counters.commits.load();
  figures.commits_failed = counters.commits_failed.load();
  figures.assignments = counters.assignments.load();
  figures.revocations = counters.revocations.load();
  figures.seeks = counters.seeks.load();
  figures.connections = counters.connections.load();
  figures.connection_restarts = counters.connection_restarts.load();
  figures.jobs_running = counters.jobs_running.load();
  figures.jobs_running_max = counters.jobs_running_max.load();
  return figures;
}

LeftShare left_share_of(const engine::LeftShare& left) {
  return {.topic = left.partition.topic,
          .partition = left.partition.partition.value,
          .virtual_partition = left.virtual_partition,
          .first_offset = left.first.value,
          .last_offset = left.last.value,
          .key = left.key,
          .since = std::chrono::duration_cast<std::chrono::milliseconds>(left.since)};
}

std::string describe(const Figures& figures) {
  return fmt::format(
      "messages: {} taken, {} done, {} parked; attempts failed: {}; commits: {}, failed: {}; jobs in user code: {}",
      figures.messages_taken, figures.messages_done, figures.messages_parked, figures.attempts_failed,
      figures.commits, figures.commits_failed, figures.jobs_running);
}

}  // namespace braid::runtime
