#pragma once

#include "engine/ports/consumer_client.hpp"
#include "simulation/fake_log.hpp"
#include "simulation/world.hpp"

#include <braid/partition_control.hpp>

#include <cstdint>
#include <deque>
#include <optional>

namespace braid::simulation {

// One partition for as long as a connection has it, as those see it who steer it: they ask through this, so that
// what they may count on is known. Nothing gives way between the note and the call. Thread: one.
class SteeredPartition {
 public:
  SteeredPartition(World& world, int partition) : world_(world), partition_(partition) {}

  // --- the users'

  // From the first batch on somebody can steer it. True: nobody could before.
  bool take(const PartitionControl& control) {
    if (control_) return false;
    control_ = control;
    return true;
  }
  [[nodiscard]] int partition() const { return partition_; }
  [[nodiscard]] bool has_control() const { return control_.has_value(); }
  // Pauses, resumes, or seeks to somewhere near `offset`.
  void do_anything(const FakeLog& log, std::int64_t offset);
  void resume();

  // --- the guarantees'

  // Nothing of it may start: a pause goes on, or a seek was not obeyed yet.
  [[nodiscard]] bool held() const;
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] bool seek_waits() const { return !asked_.empty(); }

  // --- the fake client's

  // Somebody has asked for that, and nothing later was obeyed, as far as one can tell.
  [[nodiscard]] bool was_asked(const engine::StartPoint& target) const;
  void obeyed(const engine::StartPoint& target);
  void close();

 private:
  void pause(std::optional<std::chrono::milliseconds> duration);
  void seek(const FakeLog& log, std::int64_t offset);

  World& world_;
  int partition_;
  std::optional<PartitionControl> control_;
  bool closed_ = false;
  bool paused_ = false;
  std::optional<engine::Time> until_;     // the pause lasts so long at least; none: until it is resumed
  std::deque<engine::StartPoint> asked_;  // in order
  // Asked for twice, and obeyed once: whether for the first time, nobody can tell, and then it is obeyed again.
  std::optional<engine::StartPoint> once_more_;
};

// Where a target is in the log: what the broker would answer.
[[nodiscard]] std::int64_t offset_of(const engine::StartPoint& target, const FakeLog& log);

}  // namespace braid::simulation
