#include "runtime/figures.hpp"

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

}  // namespace braid::runtime
