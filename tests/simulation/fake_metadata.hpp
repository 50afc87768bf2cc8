#pragma once

#include "simulation/random.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace braid::simulation {

// The offsets that a commit's metadata says to be done, as far as a reader of it would believe it.
std::set<std::int64_t> told_done(std::string_view metadata, std::int64_t position);
// What is stored so tells that the offset is done.
bool covers(std::int64_t position, std::string_view metadata, std::int64_t offset);

// What accidents and other programs make of it: bits flipped, a part lost, another one's text, or `older`, which
// was stored with another position.
std::string damaged(Random& random, std::string metadata, const std::string& older);

}  // namespace braid::simulation
