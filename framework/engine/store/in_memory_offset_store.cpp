#include <braid/batch_record.hpp>
#include <braid/offset_store.hpp>

#include <algorithm>
#include <tuple>

namespace braid {

Result<std::vector<OffsetStore::Stored>> InMemoryOffsetStore::open(const std::string& group,
                                                                   std::span<const Partition> partitions) {
  const std::lock_guard lock(mutex_);
  std::vector<Stored> answer;
  for (const Partition& partition : partitions) {
    Kept& kept = kept_[{group, partition}];
    ++kept.stored.epoch;
    answer.push_back(kept.stored);
    for (const auto& [term, range] : kept.records) answer.back().done.push_back(range);
  }
  return answer;
}

Result<void> InMemoryOffsetStore::save(const std::string& group, std::span<const Position> positions) {
  const std::lock_guard lock(mutex_);
  const auto stale = std::find_if(positions.begin(), positions.end(), [&](const Position& each) {
    const auto found = kept_.find({group, each.partition});
    return found != kept_.end() && each.epoch < found->second.stored.epoch;
  });
  if (stale != positions.end()) {
    return Error(Error::Kind::stale_member,
                 stale->partition.topic + "/" + std::to_string(stale->partition.number.value) +
                     ": another member has opened it since; this one's position is refused");
  }
  // What a later generation has moved on from: it asked late.
  const auto over = [&](const Position& each) {
    const Term stored = kept_[{group, each.partition}].term;
    return stored.first == each.epoch && stored.second > each.generation;
  };
  for (const Position& each : positions) {
    if (over(each)) continue;
    const Kept& kept = kept_[{group, each.partition}];
    const Term term{each.epoch, each.generation};
    std::vector<OffsetRange> recorded;
    for (const auto& [of, range] : kept.records) {
      if (of == term) recorded.push_back(range);
    }
    const auto stored = kept.term == term ? kept.stored.position : std::nullopt;
    if (auto wrong = not_committed(each, std::move(recorded), stored)) return *std::move(wrong);
  }
  for (const Position& each : positions) {
    if (over(each)) continue;
    Kept& kept = kept_[{group, each.partition}];
    const Term term{each.epoch, each.generation};
    if (each.anew) move_to(kept, each.position, term);
    kept.stored = {each.position, each.metadata, each.epoch, {}};
    kept.term = term;
    std::erase_if(kept.records,
                  [&](const auto& record) { return record.second.last < expected_at(each.position); });
  }
  return {};
}

void InMemoryOffsetStore::move_to(Kept& kept, CommitPosition position, Term term) {
  kept.stored.position = position;
  kept.stored.metadata.clear();
  kept.term = term;
  std::erase_if(kept.records, [&](const auto& record) { return record.first != term; });
}

void InMemoryOffsetStore::save(Batch& batch) {
  BatchRecord record(*this, batch);
  const std::lock_guard lock(mutex_);
  Kept& kept = kept_[{record.group(), record.partition()}];
  if (kept.stored.epoch != record.epoch()) record.refuse_epoch();
  const Term term{record.epoch(), record.generation()};
  if (record.in_doubt()) {
    std::vector<OffsetRange> before;
    for (const auto& [of, range] : kept.records) {
      const auto overlaps = [range = range](OffsetRange each) {
        return each.first <= range.last && range.first <= each.last;
      };
      if (of == term && std::ranges::any_of(record.done(), overlaps)) before.push_back(range);
    }
    if (!before.empty()) record.refuse_recorded(before);
  }
  if (record.begins_at() && kept.term != term) move_to(kept, *record.begins_at(), term);
  for (const OffsetRange range : record.done()) kept.records.emplace_back(term, range);
  record.noted();
}

std::optional<CommitPosition> InMemoryOffsetStore::position(const std::string& group,
                                                            const Partition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find({group, partition});
  return found == kept_.end() ? std::nullopt : found->second.stored.position;
}

std::vector<OffsetRange> InMemoryOffsetStore::recorded(const std::string& group, const Partition& partition) const {
  const std::lock_guard lock(mutex_);
  std::vector<OffsetRange> ranges;
  const auto found = kept_.find({group, partition});
  if (found == kept_.end()) return ranges;
  for (const auto& [term, range] : found->second.records) ranges.push_back(range);
  std::ranges::sort(ranges, {}, &OffsetRange::first);
  return ranges;
}

}  // namespace braid
