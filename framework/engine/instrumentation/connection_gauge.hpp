#pragma once

#include <atomic>
#include <cstdint>

namespace braid::engine {

// What one connection has to do, as its listener saw it last. Thread: written by one, read by any; figures only, so
// relaxed throughout.
struct ConnectionGauge {
  std::atomic<bool> joined{false};  // the group has told it what it holds, be it nothing
  std::atomic<std::uint32_t> partitions{0};
  std::atomic<std::uint64_t> waiting{0};  // messages of these that it has not taken
};

}  // namespace braid::engine
