#pragma once

#include "engine/threads/guarded_by.hpp"

#include <braid/result.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

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
  // came first. True: it is to be given back, by a Taken.
  [[nodiscard]] bool take(const std::function<void()>& wake, std::chrono::steady_clock::time_point deadline);
  // Stands behind a take() that succeeded, and gives the turn back at its end, whatever serving may throw.
  class Taken {
   public:
    explicit Taken(ServeTurn& turn) : turn_(turn) {}
    ~Taken() { turn_.give_back(); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

   private:
    ServeTurn& turn_;
  };
  // Stands where a caller waits for a delivery though it has not the turn: who has it gives it to the thread in the
  // end.
  class Waiting {
   public:
    explicit Waiting(ServeTurn& turn) : turn_(turn) { turn_.add_waiting(1); }
    ~Waiting() { turn_.add_waiting(-1); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    ServeTurn& turn_;
  };

  // The thread's: waits until no caller has the turn.
  void begin();
  void end();

  // Whether this very thread is serving some producer: what it waited for might never come.
  [[nodiscard]] static bool serves_here();
  // Why a thread that serves may not wait for deliveries; none: this one does not serve.
  [[nodiscard]] static std::optional<Error> refuses_waiting();
  // Whether this very thread is serving the producer of this turn.
  [[nodiscard]] bool is_served_here() const;
  // Stands where a thread serves.
  class Here {
   public:
    explicit Here(const ServeTurn& turn);
    ~Here();
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;

   private:
    const ServeTurn* const outer_;
  };

 private:
  // So long a thread leaves the turn to callers that come one after another; asynchronous reports wait meanwhile.
  static constexpr std::chrono::milliseconds kRest{1};

  void give_back();
  void add_waiting(std::int32_t count);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool thread_serves_ BRAID_GUARDED_BY(mutex_) = false;
  bool caller_serves_ BRAID_GUARDED_BY(mutex_) = false;
  std::int32_t waiting_ BRAID_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point rests_until_ BRAID_GUARDED_BY(mutex_){};
};

}  // namespace braid::engine
