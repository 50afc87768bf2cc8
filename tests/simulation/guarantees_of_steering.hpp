#pragma once

#include "simulation/guarantees.hpp"

#include <memory>
#include <vector>

namespace braid::simulation {

// What pauses and seeks promise.
void add_guarantees_of_steering(World& world, const GuaranteeSetting& setting,
                                std::vector<std::unique_ptr<Guarantee>>& all);

}  // namespace braid::simulation
