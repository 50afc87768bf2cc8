#include "core/offsets/offset_ranges.hpp"

#include <braid/offset_store.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace braid {

std::optional<Error> OffsetStore::not_committed(const Position& position, std::vector<OffsetRange> recorded,
                                                std::optional<CommitPosition> stored) {
  const std::vector<OffsetRange> there = core::in_order(std::move(recorded), stored.value_or(CommitPosition{}));
  auto next = there.begin();
  for (const OffsetRange& claimed : position.recorded) {
    Offset first = claimed.first;
    if (stored) first = std::max(first, expected_at(*stored));
    while (next != there.end() && next->last < first) ++next;
    const bool all =
        first > claimed.last || (next != there.end() && next->first <= first && claimed.last <= next->last);
    if (!all) return not_committed(position, claimed);
  }
  return std::nullopt;
}

Error OffsetStore::not_committed(const Position& position, OffsetRange missing) {
  return {Error::Kind::not_committed,
          fmt::format("{}/{}: offsets {} to {} were recorded by save() in a consumer's transaction that was not "
                      "committed, though consume() has returned; commit it before, or let consume() throw",
                      position.partition.topic, position.partition.number.value, missing.first.value,
                      missing.last.value)};
}

}  // namespace braid
