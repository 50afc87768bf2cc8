#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace braid::benchmarks {

// Starts this program again with these arguments, waits for its end, and returns what it wrote to its standard
// output. A child starts with nothing of its predecessors: no allocator's leftovers, no queue, no group.
// Throws std::runtime_error when it can't be started, ends with another status than 0 (with what it wrote as the
// reason), or has not ended within `limit`, when it is killed.
// Thread: the main one, since the child ends with the thread that started it.
[[nodiscard]] std::string run_self(const std::vector<std::string>& arguments, std::chrono::seconds limit);

// For a child, first thing: it dies with its parent, however that ends.
void end_with_parent();

}  // namespace braid::benchmarks
