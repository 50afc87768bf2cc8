#include "engine/listener/runner_log.hpp"

#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

namespace braid::engine {

void log_placement(Log& log, const Assignment& assignment, const core::PartitionerReport& report,
                   std::size_t messages) {
  if (report.errors == 0 || !log.enabled(LogLevel::warning)) return;
  log.write(LogLevel::warning, "partition",
            fmt::format("{}/{}: {} of {} messages could not be told apart by their key, the first at offset {}: {}",
                        assignment.partition().topic, assignment.partition().partition.value, report.errors,
                        messages, report.first_error_offset.value, report.first_error_text));
}

void log_failure(Log& log, const Assignment& assignment, const Share& share) {
  if (!log.enabled(LogLevel::warning)) return;
  const auto unfinished = share.unfinished();
  log.write(
      LogLevel::warning, "partition",
      fmt::format("{}/{}: attempt {} of virtual partition {} failed at offset {}{} ({} messages left): {}; "
                  "again in {} ms",
                  assignment.partition().topic, assignment.partition().partition.value, share.attempt(),
                  share.virtual_partition().value, unfinished.empty() ? -1 : unfinished.front().offset().value,
                  share.in_hand() != nullptr ? "" : " or behind", unfinished.size(),
                  describe_failure(share.failure()), assignment.topic().retry_backoff.count()));
}

void log_dropped(Log& log, const Assignment& assignment, const Share& share) {
  if (!log.enabled(LogLevel::error)) return;
  const auto unfinished = share.unfinished();
  log.write(
      LogLevel::error, "partition",
      fmt::format("{}/{}: virtual partition {} failed at offset {} or behind; {} messages are dropped, since the "
                  "topic is processed at most once: {}",
                  assignment.partition().topic, assignment.partition().partition.value,
                  share.virtual_partition().value, unfinished.empty() ? -1 : unfinished.front().offset().value,
                  unfinished.size(), describe_failure(share.failure())));
}

void log_hook_failure(Log& log, const Assignment& assignment, core::HookKind kind, VirtualPartitionIndex index,
                      const std::exception_ptr& failure) {
  if (!log.enabled(LogLevel::warning)) return;
  log.write(LogLevel::warning, "partition",
            fmt::format("{}/{}: {} of virtual partition {} failed: {}", assignment.partition().topic,
                        assignment.partition().partition.value,
                        kind == core::HookKind::tick ? "on_tick" : "on_end_of_partition", index.value,
                        describe_failure(failure)));
}

}  // namespace braid::engine
