#pragma once

#include "engine/ports/waiter.hpp"
#include "engine/threads/guarded_by.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace braid::engine {

// Whether threads that should turn still do: each counts its rounds, and somebody else looks whether all have
// counted on. A listener turns at least each second, whatever happens; one that does not is stuck, in a filter, a
// partitioner or the client library.
// Thread: any.
class TurnWatch {
 public:
  // Counts a thread's rounds, which are its waits: as a thread that turns comes to wait for the next thing again
  // and again, also within the bounded waits of a rebalance. Thread: wait_until() the watched one's.
  class Rounds final : public Waiter {
   public:
    explicit Rounds(Waiter& waiter) : waiter_(waiter) {}
    void wait_until(Time until) override;

   private:
    friend class TurnWatch;
    Waiter& waiter_;
    std::atomic<std::uint64_t> count_{0};  // only compared: no ordering
    std::uint64_t seen_ = 0;               // under the watch's mutex
    bool turned_ = false;                  // likewise: since all_turned() was true last
  };

  // While it lives, these rounds are watched; they outlive it.
  class Watching {
   public:
    Watching(TurnWatch& watch, Rounds& rounds);
    ~Watching();
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;

   private:
    TurnWatch& watch_;
    Rounds& rounds_;
  };

  // Of this process: a process is watched as a whole, however many applications it has.
  static TurnWatch& of_process();

  // True when every watched thread has turned since this was last true; with none of them, always.
  [[nodiscard]] bool all_turned();

 private:
  std::mutex mutex_;
  std::vector<Rounds*> watched_ BRAID_GUARDED_BY(mutex_);
};

}  // namespace braid::engine
