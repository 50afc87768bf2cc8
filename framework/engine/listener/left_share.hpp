#pragma once

#include "engine/ports/position_store.hpp"

#include <braid/offset.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace braid::engine {

// A share, or a hook, that was still in user code when its assignment had to end.
struct LeftShare {
  TopicPartition partition;
  std::uint32_t virtual_partition = 0;
  Offset first{-1};  // of its messages that were not done; -1: it is a hook
  Offset last{-1};
  std::optional<std::string> key{};  // of the first one, bounded; none: it has none, or nobody can tell
  std::chrono::steady_clock::duration since{};
};

// What an end did not finish in time.
struct LeftBehind {
  std::vector<std::string> words;
  std::vector<LeftShare> shares;  // which shares these were, as far as it was jobs
};

}  // namespace braid::engine
