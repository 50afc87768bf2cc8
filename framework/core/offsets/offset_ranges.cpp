#include "core/offsets/offset_ranges.hpp"

#include <algorithm>

namespace braid::core {

std::vector<OffsetRange> in_order(std::vector<OffsetRange> ranges, CommitPosition position) {
  std::ranges::sort(ranges, {}, &OffsetRange::first);
  std::vector<OffsetRange> apart;
  for (OffsetRange range : ranges) {
    range.first = std::max(range.first, expected_at(position));
    if (range.last < range.first) continue;
    // Compared without adding to a number that may be the largest one.
    if (!apart.empty() && range.first.value - 1 <= apart.back().last.value) {
      apart.back().last = std::max(apart.back().last, range.last);
    } else {
      apart.push_back(range);
    }
  }
  return apart;
}

}  // namespace braid::core
