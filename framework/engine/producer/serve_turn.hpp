#pragma once

#include "engine/threads/guarded_by.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace braid::engine {

// Whose turn it is to serve a producer's delivery reports: its thread's, or that of a caller who waits for one of
// them. To be woken by the thread, which was woken by the client library, would cost that caller a second wake-up,
// a good part of what a broker's answer takes.
//
//   thread ──a caller comes: the thread is woken, and steps back──▶ caller
//      ▲                                                               │
//      └──── nobody came for kRest, or others wait for deliveries ─────┘
//
// Thread: any; the functions say whose.
class ServeTurn {
 public:
  // A caller's. `wake` ends what the thread serves by at once. False: another caller has the turn, or the deadline
  // came first.
  [[nodiscard]] bool take(const std::function<void()>& wake, std::chrono::steady_clock::time_point deadline);
  void give_back();
  // A caller waits for a delivery though it has not the turn: who has it gives it to the thread in the end.
  void join_waiting();
  void leave_waiting();

  // The thread's: waits until no caller has the turn.
  void begin();
  void end();

  // Whether this very thread is serving some producer: what it waited for would never come.
  [[nodiscard]] static bool serves_here();
  // Stands where a thread serves.
  class Here {
   public:
    Here();
    ~Here();
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;
  };

 private:
  // So long a thread leaves the turn to callers that come one after another; asynchronous reports wait meanwhile.
  static constexpr std::chrono::milliseconds kRest{1};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool thread_serves_ BRAID_GUARDED_BY(mutex_) = false;
  bool caller_serves_ BRAID_GUARDED_BY(mutex_) = false;
  std::uint32_t waiting_ BRAID_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point rests_until_ BRAID_GUARDED_BY(mutex_){};
};

}  // namespace braid::engine
