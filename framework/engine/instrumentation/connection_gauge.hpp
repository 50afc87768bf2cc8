#pragma once

#include <atomic>
#include <cstdint>

namespace braid::engine {

// What one connection has to do, as its listener saw it last. Thread: written by one, read by any; figures only, so
// relaxed throughout.
struct ConnectionGauge {
  // The group has told it what it holds, be it nothing, and it works on that: the rest says something.
  std::atomic<bool> joined{false};
  std::atomic<std::uint32_t> partitions{0};
  std::atomic<std::uint64_t> waiting{0};  // messages of these that it has not taken
};

}  // namespace braid::engine
