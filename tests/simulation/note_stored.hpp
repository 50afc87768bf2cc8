#pragma once

#include "simulation/fake_kafka.hpp"
#include "simulation/incarnation.hpp"

#include <cstdint>
#include <string>

namespace braid::simulation {

// Before a position is stored: if it is the first one of an incarnation that starts where it was asked to, that is
// where the group is from now on.
void note_move(World& world, FakePartition& partition, Incarnation& incarnation);
// For the guarantees of its topic's policy: whom this commit tells of, and whose records it moves over.
void note_stored(World& world, FakePartition& partition, Incarnation& incarnation, std::int64_t position,
                 const std::string& metadata);

}  // namespace braid::simulation
