#include "apps/clickstream/src/streaming/totals_board.hpp"

#include <algorithm>

namespace clickstream {

BoardEntry& TotalsBoard::entry(braid::PartitionNumber partition, braid::VirtualPartitionIndex index) {
  const std::lock_guard lock(mutex_);
  return entries_[{partition, index}];
}

void TotalsBoard::count(std::uint64_t messages, Clock::time_point began) {
  {
    const std::lock_guard lock(mutex_);
    first_ = first_ ? std::min(*first_, began) : began;
    last_ = std::max(last_, Clock::now());
  }
  // After the times, so that who sees the last message counted finds its time too.
  counted_.fetch_add(messages, std::memory_order_release);
}

TotalsBoard::Sum TotalsBoard::sum(std::uint32_t max_partitions) {
  const std::lock_guard lock(mutex_);
  Sum sum;
  std::map<braid::PartitionNumber, std::size_t> places;
  for (const auto& [key, entry] : entries_) {
    places.emplace(key.first, places.size() * max_partitions);
  }
  sum.events_by_virtual_partition.assign(places.size() * max_partitions, 0);
  for (auto& [key, entry] : entries_) {
    const std::lock_guard entry_lock(entry.mutex);
    sum.totals.merge(entry.totals);
    sum.repeated += entry.repeated;
    sum.foreign += entry.foreign;
    sum.malformed += entry.malformed;
    sum.events_by_virtual_partition.at(places[key.first] + key.second.value) = entry.events;
  }
  sum.first = first_;
  sum.last = last_;
  return sum;
}

}  // namespace clickstream
