#pragma once

#include "engine/listener/partition_hooks.hpp"
#include "unit/engine/listener/commit_world.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::test_support {

inline constexpr auto kEvery = 100ms;

// One partition whose consumers have hooks, in a flow; what was called is kept in words. Thread: one.
class PartitionHooksTest : public ::testing::TestWithParam<routing::Flow> {
 protected:
  // Ticks each kEvery, and ends.
  void make(std::uint32_t virtual_partitions = 1, const std::function<void(routing::Topic&)>& tune = {}) {
    made_.emplace(routing::Commit{}, GetParam(), virtual_partitions, [&](routing::Topic& topic) {
      topic.tick_every = kEvery;
      topic.end_of_partition = true;
      if (tune) tune(topic);
    });
    script().consume = [this](Batch& batch) {
      calls_.push_back("consume " + std::to_string(batch.front().offset().value));
      if (in_consume) in_consume(batch);
    };
    script().tick = [this](const VirtualPartition& where) { note("tick ", where, in_tick); };
    script().end_of_partition = [this](const VirtualPartition& where) { note("end ", where, in_end); };
  }
  using Calls = std::vector<std::string>;
  using Hook = std::function<void(const VirtualPartition&)>;
  void note(const std::string& what, const VirtualPartition& where, const Hook& then) {
    calls_.push_back(what + std::to_string(where.index().value));
    if (then) then(where);
  }
  CommitWorld& world() { return *made_; }
  Script& script() { return world().world.script; }
  std::size_t in_pool() { return world().pool->size(); }
  // All that runs, and what follows from it.
  void settle() {
    for (int i = 0; i < 6; ++i) world().run();
  }
  // One job, and the listener's turn behind it.
  void run_one() {
    ASSERT_TRUE(world().pool->run_one());
    world().turn();
  }
  // What was called since the last time.
  Calls calls() { return std::exchange(calls_, {}); }
  std::optional<core::Time> wakes_at() { return world().the().runner->wakes_at(); }

  std::optional<CommitWorld> made_;
  std::function<void(Batch&)> in_consume;
  Hook in_tick;
  Hook in_end;

 private:
  Calls calls_;
};

}  // namespace braid::test_support
