#pragma once

#include "engine/ports/consumer_client.hpp"

#include <span>
#include <string>

namespace braid::engine {

// Partitions as people write them: `orders 0-3,7; payments 2`.
std::string describe_partitions(std::span<const TopicPartition> partitions);

}  // namespace braid::engine
