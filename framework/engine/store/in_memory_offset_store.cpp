#include <braid/offset_store.hpp>

#include <algorithm>

namespace braid {

Result<std::vector<OffsetStore::Stored>> InMemoryOffsetStore::load(const std::string& group,
                                                                   std::span<const Partition> partitions) {
  const std::lock_guard lock(mutex_);
  std::vector<Stored> answer;
  for (const Partition& partition : partitions) {
    Stored& stored = stored_[{group, partition}];
    ++stored.epoch;
    answer.push_back(stored);
  }
  return answer;
}

Result<void> InMemoryOffsetStore::save(const std::string& group, std::span<const Position> positions) {
  const std::lock_guard lock(mutex_);
  const auto stale = std::find_if(positions.begin(), positions.end(), [&](const Position& each) {
    const auto found = stored_.find({group, each.partition});
    return found != stored_.end() && each.epoch < found->second.epoch;
  });
  if (stale != positions.end()) {
    return Error(Error::Kind::stale_member,
                 stale->partition.topic + "/" + std::to_string(stale->partition.number.value) +
                     ": another member has loaded its position since; this one's is refused");
  }
  for (const Position& each : positions) {
    stored_[{group, each.partition}] = {each.position, each.metadata, each.epoch};
  }
  return {};
}

std::optional<CommitPosition> InMemoryOffsetStore::position(const std::string& group,
                                                            const Partition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = stored_.find({group, partition});
  return found == stored_.end() ? std::nullopt : found->second.position;
}

}  // namespace braid
