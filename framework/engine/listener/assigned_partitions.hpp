#pragma once

#include "engine/listener/assigned_partition.hpp"

#include <map>
#include <memory>

namespace braid::engine {

// A connection's partitions by name. Addresses stay until the partition goes. Thread: the listener's.
using AssignedPartitions = std::map<TopicPartition, std::unique_ptr<AssignedPartition>>;

}  // namespace braid::engine
