#pragma once

#include <compare>
#include <cstdint>
#include <iosfwd>

// Numbers that must not be mixed up, each a type of its own. Thread: values; any.

namespace braid {

// A record's offset in its partition.
struct Offset {
  std::int64_t value = 0;
  friend constexpr auto operator<=>(Offset, Offset) = default;
};

// The next offset to read; what Kafka stores for a group. Never "the last one done": the one way from an offset to
// a position is next_after().
struct CommitPosition {
  std::int64_t value = 0;
  friend constexpr auto operator<=>(CommitPosition, CommitPosition) = default;
};

[[nodiscard]] constexpr CommitPosition next_after(Offset offset) {
  return {offset.value + 1};
}
// The offset that a reader at this position expects.
[[nodiscard]] constexpr Offset expected_at(CommitPosition position) {
  return {position.value};
}

// Offsets from first to last, both included.
struct OffsetRange {
  Offset first;
  Offset last;
  friend constexpr bool operator==(OffsetRange, OffsetRange) = default;
};

// Kafka's number of a partition.
struct PartitionNumber {
  std::int32_t value = 0;
  friend constexpr auto operator<=>(PartitionNumber, PartitionNumber) = default;
};

// The index of a virtual partition, below its topic's max_partitions.
struct VirtualPartitionIndex {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(VirtualPartitionIndex, VirtualPartitionIndex) = default;
};

// Grows with each assignment of a partition; (partition, generation) names one assignment.
struct Generation {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Generation, Generation) = default;
};

std::ostream& operator<<(std::ostream& out, Offset offset);
std::ostream& operator<<(std::ostream& out, CommitPosition position);
std::ostream& operator<<(std::ostream& out, PartitionNumber partition);
std::ostream& operator<<(std::ostream& out, VirtualPartitionIndex index);
std::ostream& operator<<(std::ostream& out, Generation generation);

}  // namespace braid
