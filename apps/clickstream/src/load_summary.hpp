#pragma once

#include <cstdint>
#include <vector>

namespace clickstream {

/// How many virtual partitions had from `low` to `high` events.
struct LoadRange {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint64_t virtual_partitions = 0;

  bool operator==(const LoadRange&) const = default;
};

/// How evenly work was spread over virtual partitions.
/// Thread: a plain value; whoever holds it.
struct LoadSummary {
  std::uint64_t virtual_partitions = 0;
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  double mean = 0;
  std::vector<LoadRange> ranges;  ///< Of equal width (but the last), from least to most; at most 8.
};

/// Empty for no virtual partitions.
LoadSummary summarize_load(const std::vector<std::uint64_t>& events_by_virtual_partition);

}  // namespace clickstream
