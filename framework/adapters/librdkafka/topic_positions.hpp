#pragma once

#include "engine/ports/log.hpp"

#include <braid/topic_positions.hpp>

namespace braid::adapters {

// See <braid/topic_positions.hpp>. Thread: any.
[[nodiscard]] Result<std::vector<PartitionPositions>> topic_positions(const TopicPositionsQuery& query,
                                                                      engine::Log& log);

}  // namespace braid::adapters
