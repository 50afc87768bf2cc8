#include "apps/clickstream/src/load_summary.hpp"

#include <algorithm>
#include <numeric>

namespace clickstream {

LoadSummary summarize_load(const std::vector<std::uint64_t>& events_by_virtual_partition) {
  constexpr std::uint64_t ranges_max = 8;
  LoadSummary summary;
  if (events_by_virtual_partition.empty()) return summary;
  const auto [least, most] =
      std::minmax_element(events_by_virtual_partition.begin(), events_by_virtual_partition.end());
  const std::uint64_t sum =
      std::accumulate(events_by_virtual_partition.begin(), events_by_virtual_partition.end(), std::uint64_t{0});
  summary.virtual_partitions = events_by_virtual_partition.size();
  summary.least = *least;
  summary.most = *most;
  summary.mean = static_cast<double>(sum) / static_cast<double>(summary.virtual_partitions);

  const std::uint64_t width = (summary.most - summary.least) / ranges_max + 1;
  for (std::uint64_t low = summary.least; low <= summary.most; low += width) {
    summary.ranges.push_back({low, std::min(low + width - 1, summary.most), 0});
  }
  for (const std::uint64_t events : events_by_virtual_partition) {
    ++summary.ranges[(events - summary.least) / width].virtual_partitions;
  }
  return summary;
}

}  // namespace clickstream
