#pragma once

#include <braid/offset.hpp>

#include <vector>

namespace braid::core {

// The same offsets as ascending ranges, apart, from the position on; whatever comes in any order, overlapping, or
// below it. Thread: any; pure.
[[nodiscard]] std::vector<OffsetRange> in_order(std::vector<OffsetRange> ranges, CommitPosition position);

}  // namespace braid::core
