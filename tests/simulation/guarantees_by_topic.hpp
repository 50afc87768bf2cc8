#pragma once

#include "simulation/guarantees.hpp"

#include <memory>
#include <vector>

namespace braid::simulation {

// Those that only some topics promise, by their reducer, their commit policy and their caps.
void add_guarantees_by_topic(World& world, const GuaranteeSetting& setting,
                             std::vector<std::unique_ptr<Guarantee>>& all);

}  // namespace braid::simulation
