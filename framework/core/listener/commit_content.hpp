#pragma once

#include <braid/offset.hpp>

#include <cstdint>
#include <limits>

namespace braid::core {

// What one commit of a partition tells: a position, and, with it, which offsets above it are done already.
// Thread: a value.
struct CommitContent {
  CommitPosition position;
  // Every offset below that is done is told of. The position's own value where nothing above it is told; more where
  // the metadata tells it; it ends where the metadata had no room left.
  Offset told_below;
  // Grows whenever more is done.
  std::uint64_t revision = 0;

  static constexpr Offset kAll{std::numeric_limits<std::int64_t>::max()};

  // The position alone.
  [[nodiscard]] static CommitContent of(CommitPosition position) { return {position, Offset{position.value}, 0}; }
  // Whether it tells that `offset` is done, given that it was done when this was composed.
  [[nodiscard]] bool tells(Offset offset) const { return offset < told_below; }

  // The same is done; one may have had less room to tell it.
  friend bool operator==(const CommitContent& left, const CommitContent& right) {
    return left.position == right.position && left.revision == right.revision;
  }
};

}  // namespace braid::core
