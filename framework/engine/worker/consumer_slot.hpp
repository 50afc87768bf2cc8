#pragma once

#include "core/flow/hook_schedule.hpp"
#include "engine/worker/run_note.hpp"

#include <braid/consumer.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>

namespace braid::engine {

class Assignment;
class Share;

// What a virtual partition is told last.
enum class FarewellKind : std::uint8_t { revoked, stopping };

// The consumer object of one virtual partition, and whether it is busy. This is the one guard around user code:
// whatever it throws leaves here as a value, since an escape would end a worker, and with it other partitions'
// work.
//
// An attempt may be deferred (Deferral): then the slot stays busy until it is settled.
//
// Thread: run(), hook() and farewells on workers, never two at once (one job a virtual partition); the rest on the
// listener.
class ConsumerSlot {
 public:
  struct Attempt {
    bool started = false;   // false: the assignment had ended or is held, and nothing of the user's was called
    bool held = false;      // it is not to start now: its listener sends it again
    bool deferred = false;  // it goes on behind the call; whoever settles it ends it, maybe before this is read
    std::exception_ptr failure{};  // what it threw
    bool abandoned = false;        // there is no pool any more, on which to ask user code anything
  };
  // One attempt of a share, if its assignment is still active. Makes the object when there is none. Where the
  // attempt is deferred, the share and all that hangs on it are not to be touched any more.
  Attempt run(Assignment& assignment, Share& share) noexcept;
  // One of the hooks that are no farewell, if the assignment is still active and there is an object. Returns what
  // it threw.
  std::exception_ptr hook(Assignment& assignment, core::HookKind kind) noexcept;
  // A deferred attempt ends: no job is here any more. False: a farewell was deferred to it; the caller sees to it
  // that say_deferred_farewell() is called on the pool. Thread: whoever settles the attempt.
  [[nodiscard]] bool leave() noexcept;
  void say_deferred_farewell() noexcept;

  // The last hook, then the object's end. Does nothing where there is no object. Returns what it threw.
  std::exception_ptr farewell(FarewellKind kind) noexcept;

  // The object's end without its last hook, which nobody can say any more. What it keeps of its batches would keep
  // the assignment, and with it the object, for good. Thread: whoever gives the hook up; no job is here any more.
  void drop() noexcept;

  // What runs here.
  [[nodiscard]] const RunNote& note() const { return note_; }
  // For the job of a farewell, around farewell().
  [[nodiscard]] RunNote& note() { return note_; }

  // Whether an object was made. Meaningful to the listener only when no job of this virtual partition runs.
  [[nodiscard]] bool occupied() const { return occupied_.load(std::memory_order_acquire); }

  // Asks that the farewell is said by the job that runs now, as the last thing it does. False: none runs, and none
  // will start. Requires that the assignment's phase has left `active` before.
  bool defer_farewell(FarewellKind kind) noexcept;
  // What a deferred farewell threw; for the listener, when the partition's jobs are idle.
  [[nodiscard]] const std::exception_ptr& deferred_failure() const { return deferred_failure_; }

 private:
  Attempt consume(Assignment& assignment, Share& share) noexcept;
  std::exception_ptr call(Assignment& assignment, Share& share) noexcept;
  std::exception_ptr call_hook(core::HookKind kind) noexcept;

  struct Occupant;
  struct Release {
    void operator()(Occupant* occupant) const noexcept;
  };
  enum class State : std::uint8_t { idle, running, farewell_revoked, farewell_stopping };

  std::unique_ptr<Occupant, Release> occupant_;
  std::atomic<State> state_{State::idle};
  std::atomic<bool> occupied_{false};
  std::exception_ptr deferred_failure_;
  RunNote note_;
};

// Opens the hooks of Consumer to the engine alone.
struct ConsumerAccess {
  static void on_assigned(Consumer& consumer, const VirtualPartition& where) { consumer.on_assigned(where); }
  static void consume(Consumer& consumer, Batch& batch) { consumer.consume(batch); }
  static void on_tick(Consumer& consumer, const VirtualPartition& where) { consumer.on_tick(where); }
  static void on_end_of_partition(Consumer& consumer, const VirtualPartition& where) {
    consumer.on_end_of_partition(where);
  }
  static void on_revoked(Consumer& consumer, const VirtualPartition& where) { consumer.on_revoked(where); }
  static void on_stopping(Consumer& consumer, const VirtualPartition& where) { consumer.on_stopping(where); }
};

}  // namespace braid::engine
