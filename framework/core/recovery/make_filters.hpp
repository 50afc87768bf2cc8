#pragma once

#include "core/recovery/filter_chain.hpp"

#include <braid/routing/filters.hpp>

#include <string>
#include <vector>

namespace braid::core {

// The filters of a topic for one assignment of a partition, by the stage where they are asked.
struct MadeFilters {
  std::vector<FilterChain::Link> of_partition;
  std::vector<FilterChain::Link> of_virtual_partitions;
  // What could not be made, and why: messages go on without it.
  std::vector<std::string> problems;
};

// `together`: there is one stage alone, the partition's. Calls factories of users. Thread: the listener's.
[[nodiscard]] MadeFilters make_filters(const std::vector<routing::FilterSettings>& settings, bool together);

}  // namespace braid::core
