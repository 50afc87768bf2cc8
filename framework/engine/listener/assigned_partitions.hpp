#pragma once

#include <map>
#include <memory>

#include "engine/listener/assigned_partition.hpp"

namespace braid::engine {

// A connection's partitions by name. Addresses stay until the partition goes. Thread: the listener's.
using AssignedPartitions = std::map<TopicPartition, std::unique_ptr<AssignedPartition>>;

}  // namespace braid::engine
