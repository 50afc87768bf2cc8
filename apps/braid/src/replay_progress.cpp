#include "apps/braid/src/replay_progress.hpp"

#include <algorithm>

namespace braid::app {

ReplayProgress::ReplayProgress(const std::vector<PartitionPositions>& positions) {
  for (const PartitionPositions& each : positions) {
    const std::int64_t committed = each.committed ? each.committed->value : each.begin.value;
    // A position that the log has left behind starts at its beginning.
    const bool usable = committed >= each.begin.value && committed <= each.end.value;
    partitions_[each.partition] = {.from = usable ? committed : each.begin.value, .end = each.end.value};
  }
}

bool ReplayProgress::meant(PartitionNumber partition, Offset offset) const {
  const auto found = partitions_.find(partition);
  return found != partitions_.end() && offset.value < found->second.end;
}

void ReplayProgress::handled(PartitionNumber partition, Offset offset, Fate fate) {
  if (!meant(partition, offset)) return;
  Partition& of = partitions_[partition];
  std::int64_t& highest = of.highest.at(static_cast<std::size_t>(fate));
  if (offset.value <= highest || offset.value < of.from) return;
  highest = offset.value;
  ++of.handled;
  ++moves_;
}

void ReplayProgress::at_end(PartitionNumber partition) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return;
  found->second.at_end = true;
  ++moves_;
}

std::uint64_t ReplayProgress::left() const {
  std::uint64_t left = 0;
  for (const auto& [number, each] : partitions_) {
    if (!each.at_end)
      left += static_cast<std::uint64_t>(std::max<std::int64_t>(each.end - each.from - each.handled, 0));
  }
  return left;
}

bool LeftStretches::admit(PartitionNumber partition, Offset offset, Fate fate) {
  Partition& of = partitions_[partition];
  // It comes again, after a rebalance: what was said of it still holds.
  if (offset.value < of.next) return fate == Fate::left || of.stretches < kMost;
  const bool adjoins = offset.value == of.next && of.last == Fate::left;
  const bool over = of.stretches >= kMost;
  const Fate becomes = over ? Fate::left : fate;
  if (becomes == Fate::left && !adjoins && !over) ++of.stretches;
  of.next = offset.value + 1;
  of.last = becomes;
  return fate == Fate::left || !over;
}

}  // namespace braid::app
