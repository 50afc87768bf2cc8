#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace braid::engine {

class EventHub;
[[nodiscard]] std::shared_ptr<EventHub> make_event_hub();

// What an application has done, for its figures; and who is told of it as it happens. Thread: any; counts only, so
// relaxed throughout.
struct Counters {
  using Count = std::atomic<std::uint64_t>;
  Count messages_taken{0};
  Count messages_done{0};
  Count messages_stale{0};
  Count messages_done_before{0};
  Count messages_filtered{0};
  Count offset_jumps{0};
  Count messages_copied{0};
  Count batches{0};
  Count batches_armed{0};
  Count batches_taken_back{0};
  Count batches_armed_too_late{0};  // what ran had settled, and its mail was not read yet
  Count jobs_armed_too_late{0};     // likewise, in the continuous flow
  Count attempts_failed{0};
  Count messages_dropped{0};
  Count retries{0};
  Count messages_skipped{0};
  Count dead_letters{0};         // acknowledged, or discarded as their topic says
  Count dead_letters_failed{0};  // times that one was not taken
  Count commits{0};
  Count commits_failed{0};
  Count assignments{0};
  Count revocations{0};
  Count seeks{0};
  Count connection_restarts{0};
  std::atomic<std::uint32_t> connections{0};          // at present: joined or joining their group
  std::atomic<std::uint32_t> partitions_assigned{0};  // at present
  std::atomic<std::uint32_t> messages_parked{0};      // at present
  std::atomic<std::uint32_t> jobs_running{0};
  std::atomic<std::uint32_t> jobs_running_max{0};
  std::shared_ptr<EventHub> events = make_event_hub();  // constant once anything runs

  static void add(Count& count, std::uint64_t amount = 1) { count.fetch_add(amount, std::memory_order_relaxed); }

  void job_starts() {
    const std::uint32_t now = jobs_running.fetch_add(1, std::memory_order_relaxed) + 1;
    std::uint32_t max = jobs_running_max.load(std::memory_order_relaxed);
    while (now > max && !jobs_running_max.compare_exchange_weak(max, now, std::memory_order_relaxed)) {
    }
  }
  void job_ends() { jobs_running.fetch_sub(1, std::memory_order_relaxed); }
};

}  // namespace braid::engine
