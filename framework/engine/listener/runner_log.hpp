#pragma once

#include "core/flow/hook_schedule.hpp"
#include "core/recovery/filter_chain.hpp"
#include "core/virtual_partitions/partitioner.hpp"
#include "engine/ports/log.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/share.hpp"

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace braid::engine {

// What runners say of an assignment, in the log and as events, whatever its flow. Thread: the listener's.

// Once for each batch that was placed; nothing if there were no errors.
void log_placement(Log& log, const Assignment& assignment, const core::PartitionerReport& report,
                   std::size_t messages);
// An attempt threw, and what follows.
void log_failure(Log& log, const Assignment& assignment, const Share& share);

// Why the application stops.
[[nodiscard]] std::string describe_stop(const Assignment& assignment, const Share& share);
// An attempt failed and what it left is given up.
void log_dropped(Log& log, const Assignment& assignment, const Share& share);
// Filters threw.
void log_filter_errors(Log& log, const Assignment& assignment, const core::FilterReport& report);
// A filter could not be made.
void log_filter_missing(Log& log, const Assignment& assignment, std::string_view why);
// A hook threw.
void log_hook_failure(Log& log, const Assignment& assignment, core::HookKind kind, VirtualPartitionIndex index,
                      const std::exception_ptr& failure);

}  // namespace braid::engine
