#include <braid/testing/capacity_guard.hpp>

#include <algorithm>

namespace braid::testing {

void CapacityGuard::sent(std::size_t bytes) {
  under_way_ += bytes;
}

void CapacityGuard::failed(std::size_t bytes) {
  under_way_ -= std::min(bytes, under_way_);
}

void CapacityGuard::delivered(const std::string& topic, PartitionNumber partition, Offset offset,
                              std::size_t bytes) {
  failed(bytes);  // no longer under way
  Log& log = logs_[{topic, partition}];
  // A consumer can be faster than the producer's own report.
  if (offset < expected_at(log.committed)) return;
  if (log.uncommitted.emplace(offset.value, bytes).second) log.bytes += bytes;
}

void CapacityGuard::committed(const std::string& topic, PartitionNumber partition, CommitPosition position) {
  Log& log = logs_[{topic, partition}];
  if (position <= log.committed) return;
  log.committed = position;
  auto first = log.uncommitted.begin();
  while (first != log.uncommitted.end() && first->first < position.value) {
    log.bytes -= first->second;
    first = log.uncommitted.erase(first);
  }
}

std::size_t CapacityGuard::room() const {
  std::size_t ahead = 0;
  for (const auto& [partition, log] : logs_) ahead = std::max(ahead, log.bytes);
  const std::size_t used = ahead + under_way_;
  return used >= bytes_ahead_max_ ? 0 : bytes_ahead_max_ - used;
}

std::size_t CapacityGuard::bytes_ahead(const std::string& topic, PartitionNumber partition) const {
  const auto found = logs_.find({topic, partition});
  return found == logs_.end() ? 0 : found->second.bytes;
}

}  // namespace braid::testing
