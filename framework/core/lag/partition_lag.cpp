#include "core/lag/partition_lag.hpp"

#include <algorithm>

namespace braid::core {

PartitionLag lag_of(const OffsetsNow& now) {
  PartitionLag lag;
  if (!now.end) return lag;
  const auto from = [&](CommitPosition position) {
    return std::max<std::int64_t>(now.end->value - position.value, 0);
  };
  if (now.committed) lag.committed = from(*now.committed);
  // Below the position all is done, be it by an earlier assignment.
  auto through = now.position;
  if (now.highest_done) through = std::max(through.value_or(CommitPosition{0}), next_after(*now.highest_done));
  if (through) lag.processed = from(*through);
  return lag;
}

void TakenWatch::look(std::optional<CommitPosition> expected, std::optional<Offset> oldest_open, Time now) {
  if (!expected) return;
  if (!oldest_open) {
    // Whatever comes next is not here yet: the mark says from when on it may be.
    marks_.clear();
  } else {
    while (!marks_.empty() && marks_.front().expected <= CommitPosition{oldest_open->value}) marks_.pop_front();
  }
  if (marks_.size() < kMarksMost / 4) apart_ = {};
  const bool due = marks_.empty() || (marks_.back().expected < *expected && now - marks_.back().at >= apart_);
  if (due) marks_.push_back({*expected, now});
  if (marks_.size() <= kMarksMost) return;
  apart_ = 2 * (marks_.back().at - marks_.front().at) / static_cast<Duration::rep>(marks_.size());
  std::deque<Mark> kept;
  for (std::size_t i = 0; i < marks_.size(); i += 2) kept.push_back(marks_[i]);
  marks_ = std::move(kept);
}

std::optional<Duration> TakenWatch::age(Offset offset, Time now) const {
  const auto taken = std::ranges::upper_bound(marks_, CommitPosition{offset.value}, {}, &Mark::expected);
  if (taken == marks_.end()) return std::nullopt;
  return now - taken->at;
}

}  // namespace braid::core
