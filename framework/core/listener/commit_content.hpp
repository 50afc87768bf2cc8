#pragma once

#include <braid/offset.hpp>

#include <cstdint>

namespace braid::core {

// What one commit of a partition tells: a position, and, with it, which offsets above it are done already.
// Thread: a value.
struct CommitContent {
  CommitPosition position;
  // Every offset below that is done is told of. The position's own value where nothing above it is told; more where
  // the metadata tells it; it ends where the metadata had no room left.
  Offset told_below;
  // Grows whenever more is done, so that equal ones tell the same.
  std::uint64_t revision = 0;

  [[nodiscard]] static CommitContent of(CommitPosition position) { return {position, Offset{position.value}, 0}; }
  // Whether it tells that `offset` is done, given that it was done when this was composed.
  [[nodiscard]] bool tells(Offset offset) const { return offset < told_below; }

  friend bool operator==(const CommitContent&, const CommitContent&) = default;
};

}  // namespace braid::core
