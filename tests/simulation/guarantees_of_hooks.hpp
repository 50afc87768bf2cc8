#pragma once

#include "simulation/guarantees.hpp"

#include <memory>
#include <vector>

namespace braid::simulation {

struct FakePartition;

// What on_tick() and on_end_of_partition() promise.
void add_guarantees_of_hooks(World& world, const GuaranteeSetting& setting,
                             std::vector<std::unique_ptr<Guarantee>>& all);

// Whoever could hear of the last end that was reached has heard of it; a partition of a topic that asks for it.
[[nodiscard]] bool ends_are_heard(const FakePartition& partition);

}  // namespace braid::simulation
