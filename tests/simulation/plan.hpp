#pragma once

#include "simulation/fake_kafka.hpp"
#include "simulation/process.hpp"
#include "simulation/world.hpp"

#include <cstddef>
#include <cstdint>

namespace braid::simulation {

constexpr std::size_t kProcessesMost = 3;
constexpr std::size_t kProcessesLeast = 2;
constexpr std::int64_t kPartitionsLeast = 3;
constexpr std::size_t kMessagesLeast = 300;
constexpr std::uint64_t kFaultsLeast = 5;
constexpr std::size_t kWorkersMost = 4;

// What a seed is made of.
struct Plan {
  ProcessPlan process;            // of each, but for what each draws for itself
  std::uint32_t trouble_often{};  // of 1,000 steps
};

// Draws the topics, which it adds to the fake Kafka, their policies, and how nasty everything is.
Plan draw_plan(World& world, FakeKafka& kafka);

}  // namespace braid::simulation
