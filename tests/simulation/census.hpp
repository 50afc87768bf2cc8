#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace braid::simulation {

// What can happen in a run. A simulation in which one of these never happens proves nothing about it.
enum class Happening : std::uint8_t {
  message_finished,
  message_finished_again,
  attempt_failed,
  attempt_failed_with_int,
  failed_after_marks,
  retry,
  job_preempted,
  armed_batch_started_by_worker,
  batch_armed,
  batch_taken_back,
  batch_armed_too_late,
  job_armed_too_late,
  pool_was_full,
  process_started,
  process_stopped,
  process_stopped_in_rebalance,
  process_crashed,
  stop_left_something,
  assigned,
  revoked_eagerly,
  revoked_cooperatively,
  lost,
  moved_between_connections,
  retained_repositioned,
  empty_assignment,
  revoked_while_jobs_ran,
  job_overran,
  late_result,
  late_mark,
  job_never_started,
  hook_revoked,
  hook_stopping,
  hook_lost,
  hook_failed,
  tick,
  tick_failed,
  tick_beside_others,
  tick_while_paused,
  mark_in_tick,
  end_heard,
  end_heard_failed,
  end_heard_again,
  commit_applied,
  gaps_told,
  commit_failed,
  commit_answer_lost,
  commit_refused_stale,
  commit_refused_joining,
  position_read,
  position_read_failed,
  position_read_incomplete,
  metadata_damaged,
  sent_back,
  no_stored_position,
  out_of_range,
  log_trimmed,
  end_of_partition,
  partial_take,
  message_copied,
  stale_message,
  message_done_before,
  offset_jump,
  client_error,
  group_rebalanced,
  job_stuck,
  key_moved,
  job_followed_inline,
  job_waited_out,
  cap_reached,
  bytes_exhausted,
  open_bound_reached,
  held_back,
  commit_asked,
  commit_waited_for,
  commit_call_ok,
  commit_call_timed_out,
  commit_call_ended,
  store_loaded,
  store_begun,
  store_saved,
  store_failed,
  store_fenced,
  store_begun_anew,
  store_outage,
  message_dropped,
  message_lost_by_crash,
  batch_given_back,
  metadata_cut,
  returned_unmarked,
  mark_in_later_batch,
  mark_from_outside,
  mark_in_hook,
  mark_refused,
  unmarked_bound_reached,
  job_deferred,
  ticket_marked,
  ticket_settled_in_call,
  ticket_dropped,
  ticket_late,
  ticket_settled_when_over,
  ticket_inert,
  threw_after_defer,
  ticket_given_up,
  resumed,
  resumed_after_end,
  paused_for_a_time,
  paused_until_resumed,
  partition_resumed,
  steered_from_outside,
  seek_asked,
  seek_overridden,
  seek_failed,
  restart_failed,
  seek_obeyed,
  seek_stored,
  position_moved_back,
  views_read_again,
  message_filtered,
  filter_let_wait,
  filter_threw,
  batch_kept,
  kept_read_and_freed,
  flow_batch,
  flow_continuous,
  reducer_hash,
  reducer_sticky,
  reducer_balanced,
  offsets_manual,
  tickets_without_timeout,
  tickets_overdue_stop,
  tickets_overdue_retry,
  steered_by_consumers,
  ticks_wanted,
  ends_wanted,
  filter_wanted,
  policy_interval,
  policy_after_batch,
  policy_after_batch_sync,
  policy_each_message,
  policy_each_message_sync,
  policy_manual,
  policy_external,
  policy_before_processing,
  checked_late,
  checked_one_job,
  checked_order,
  checked_lost,
  checked_position,
  checked_metadata,
  checked_bounded,
  checked_sticky,
  checked_waits,
  checked_at_most_once,
  checked_capped,
  checked_asked,
  checked_commit,
  checked_held,
  checked_target,
  checked_hooks,
  checked_ends,
  checked_filtered,
  count_,
};

// What a seed must have its share of, so that no seed is a fair-weather run.
constexpr bool is_fault(Happening what) {
  using enum Happening;
  constexpr std::array kFaults{process_crashed, process_stopped,    group_rebalanced,     lost,
                               commit_failed,   commit_answer_lost, position_read_failed, metadata_damaged,
                               log_trimmed,     job_stuck,          seek_obeyed};
  return std::find(kFaults.begin(), kFaults.end(), what) != kFaults.end();
}

constexpr std::size_t kHappenings = static_cast<std::size_t>(Happening::count_);

// How often each kind of thing happened. Thread: one.
class Census {
 public:
  void add(Happening what, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(what)] += times; }
  [[nodiscard]] std::uint64_t of(Happening what) const { return counts_[static_cast<std::size_t>(what)]; }
  void add(const Census& other) {
    for (std::size_t i = 0; i < kHappenings; ++i) counts_[i] += other.counts_[i];
  }
  // A table, one line a kind.
  [[nodiscard]] std::string text() const;
  // The names of what never happened, separated by blanks.
  [[nodiscard]] std::string missing() const;

 private:
  std::array<std::uint64_t, kHappenings> counts_{};
};

}  // namespace braid::simulation
