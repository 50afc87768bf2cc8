#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace braid::core {

// The hooks of a consumer object that no message and no end of an assignment calls for.
enum class HookKind : std::uint8_t { tick, end_of_partition };

// Which hooks of one assigned partition are due, and when each may be called. A virtual partition *owes* a hook
// from when it is due until it is called, and that is as soon as it is free: nothing of it runs, be it a share or a
// hook.
//
//   free ──starts()──▶ busy ──idle()──▶ free ──next()──▶ out ──returned()──▶ free
//
// Ticks are due for all at the same moments, so that a partition has one timer, whatever the number of its virtual
// partitions. One that is owed already, or is just being called, is not due once more: ticks do not pile up, and
// what waits has its turn behind each.
//
// An end of the partition is owed once all that came before it has settled: in the virtual partition, or, where a
// barrier holds them together (`flow: batch`), in the partition. Who is not done with one end when the next is
// reached may hear of both together.
//
// Thread: none; pure. Owned by the runner of its partition, for one assignment.
class HookSchedule {
 public:
  struct Settings {
    std::uint32_t max_partitions = 1;
    std::optional<Duration> tick_every{};
    bool end_of_partition = false;
    bool barrier = false;
  };
  struct Call {
    std::uint32_t index = 0;
    HookKind kind = HookKind::tick;
  };

  explicit HookSchedule(const Settings& settings);

  // --- messages

  // Came, and will run as one batch or several; with the barrier.
  void gathered(std::size_t messages);
  // So many of them have settled, in the order in which they came; with the barrier.
  void batch_settled(std::size_t messages);
  // One more waits in that virtual partition; without the barrier.
  void given(std::uint32_t index);
  // So many of that virtual partition have settled, in order; without the barrier.
  void settled(std::uint32_t index, std::size_t messages);
  // There is nothing behind what came. An end that is told again though nothing came since is none.
  void reached_end();

  // --- virtual partitions

  // It has a consumer object from now on. The first one's first tick is a whole interval away.
  void occupied(std::uint32_t index);
  // A share of it runs; it is free; a hook of it has returned.
  void starts(std::uint32_t index) { lanes_[index].busy = true; }
  void idle(std::uint32_t index);
  void returned(std::uint32_t index);

  // --- what follows from it

  // Moves on what is due by time. Before returned() in a turn: a tick that is due while the last one runs is left
  // out, and that must not depend on how late its return is read.
  void run_timers(Time now);
  // A hook that may be called; it is out from then on.
  [[nodiscard]] std::optional<Call> next();
  // A hook of it is out.
  [[nodiscard]] bool is_out(std::uint32_t index) const { return lanes_[index].out; }
  // Something of that virtual partition is due: nothing more of it should start.
  [[nodiscard]] bool owes(std::uint32_t index) const { return lanes_[index].owes(); }
  [[nodiscard]] bool any_owed() const { return owed_ > 0; }
  // A hook is out, or waits for what runs: with the barrier no batch should start.
  [[nodiscard]] bool holds() const { return owed_ > 0 || out_ > 0; }
  // When run_timers() has something to do. Nothing while nobody has a consumer object.
  [[nodiscard]] std::optional<Time> wakes_at() const;

  // Nothing is due any more.
  void stop();

 private:
  // Of messages that settle in order, and of ends that were reached between them.
  class Ends {
   public:
    void give(std::size_t messages) { unsettled_ += static_cast<std::uint32_t>(messages); }
    void settle(std::size_t messages);
    void reach();
    // True once for an end before which all has settled.
    [[nodiscard]] bool take_due();

   private:
    std::uint32_t unsettled_ = 0;
    std::uint32_t before_first_ = 0;  // of these: before the first end that was not told
    std::uint32_t before_last_ = 0;   // of these: before the last end
    bool waits_ = false;
  };
  struct Lane {
    Ends ends;  // without the barrier
    bool known = false;
    bool object = false;
    bool busy = false;
    bool out = false;
    bool ticking = false;  // what is out is a tick
    bool owes_tick = false;
    bool owes_end = false;
    bool listed = false;
    [[nodiscard]] bool owes() const { return owes_tick || owes_end; }
  };

  void know(std::uint32_t index);
  void owe(std::uint32_t index, bool Lane::*hook);
  void consider(std::uint32_t index);

  Settings settings_;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> known_;  // those that had messages or have an object; the others cost nothing
  std::deque<std::uint32_t> free_;    // owe something and were free when they were entered
  Ends together_;                     // with the barrier
  std::optional<Time> next_tick_;
  std::uint64_t given_ = 0;
  std::uint64_t given_at_end_ = 0;  // when the last end was reached
  std::uint32_t objects_ = 0;
  std::uint32_t owed_ = 0;  // virtual partitions that owe something
  std::uint32_t out_ = 0;
  std::uint32_t ticks_out_ = 0;
  bool stopped_ = false;
};

}  // namespace braid::core
