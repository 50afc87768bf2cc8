#pragma once

#include "simulation/guarantees.hpp"

#include <memory>
#include <vector>

namespace braid::simulation {

// What exactly once promises.
void add_guarantees_of_transactions(World& world, const GuaranteeSetting& setting,
                                    std::vector<std::unique_ptr<Guarantee>>& all);

}  // namespace braid::simulation
