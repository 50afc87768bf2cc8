#pragma once

#include "engine/listener/assigned_partition.hpp"
#include "engine/listener/sight.hpp"

#include <cstddef>
#include <string>

namespace braid::engine {

// What a partition that stands still waits for, in words: the nearest causes, at most three of them.
// `jobs_waiting`: of its shares, how many wait for the pool. Thread: the listener's.
[[nodiscard]] std::string describe_wait(const AssignedPartition& partition, const RunnerSight& sight,
                                        const PartitionQueue::Backlog& backlog, std::size_t jobs_waiting, Time now);

}  // namespace braid::engine
