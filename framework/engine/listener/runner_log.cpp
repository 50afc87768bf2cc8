#include "engine/listener/runner_log.hpp"

#include "engine/listener/tell.hpp"
#include "engine/worker/describe_failure.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>

namespace braid::engine {

void log_placement(Log& log, const Assignment& assignment, const core::PartitionerReport& report,
                   std::size_t messages) {
  if (report.errors == 0) return;
  tell_error(assignment, events::ErrorType::partitioner, report.errors, report.first_error_text);
  if (!log.enabled(LogLevel::warning)) return;
  log.write(LogLevel::warning, "partition",
            fmt::format("{}/{}: {} of {} messages could not be told apart by their key, the first at offset {}: {}",
                        assignment.partition().topic, assignment.partition().partition.value, report.errors,
                        messages, report.first_error_offset.value, report.first_error_text));
}

namespace {

std::string describe_next(const Share& share) {
  const ShareRecovery& recovery = *share.recovery();
  if (!recovery.letters.empty()) return fmt::format("{} of them dead letters now", recovery.letters.size());
  switch (recovery.next) {
    case core::Next::retry:
      return fmt::format("again in {} ms",
                         std::chrono::duration_cast<std::chrono::milliseconds>(recovery.pause).count());
    case core::Next::singly:
      return "which of them failed is not known; they are tried again one by one";
    case core::Next::stop:
      return "the application stops";
    case core::Next::drop:
      return "nothing is tried again, since the topic is processed at most once";
    default:
      return "what failed is given up";
  }
}

std::int64_t first_unfinished(const Share& share) {
  const std::uint32_t first = share.first_unfinished();
  return first < share.size() ? share.messages()[first].offset().value : -1;
}

// Where it failed, as far as that is known.
std::string describe_place(const Share& share) {
  const auto culprit = share.recovery()->culprit;
  if (culprit) return fmt::format("at offset {}", share.messages()[*culprit].offset().value);
  return fmt::format("at offset {} or behind", first_unfinished(share));
}

}  // namespace

void log_failure(Log& log, const Assignment& assignment, const Share& share) {
  tell_failed(assignment, share);
  if (!log.enabled(LogLevel::warning)) return;
  log.write(LogLevel::warning, "partition",
            fmt::format("{}/{}: attempt {} of virtual partition {} failed {} ({} messages left): {}; {}",
                        assignment.partition().topic, assignment.partition().partition.value, share.attempt(),
                        share.virtual_partition().value, describe_place(share), share.count_unfinished(),
                        describe_failure(share.failure()), describe_next(share)));
}

std::string describe_stop(const Assignment& assignment, const Share& share) {
  return fmt::format(
      "{}/{}: attempt {} of virtual partition {} failed {}, and the application is to stop "
      "then: {}",
      assignment.partition().topic, assignment.partition().partition.value, share.attempt(),
      share.virtual_partition().value, describe_place(share), describe_failure(share.failure()));
}

void log_dropped(Log& log, const Assignment& assignment, const Share& share) {
  tell_dropped(assignment, share);
  if (!log.enabled(LogLevel::error)) return;
  log.write(
      LogLevel::error, "partition",
      fmt::format("{}/{}: virtual partition {} failed at offset {} or behind; {} messages are dropped, since the "
                  "topic is processed at most once: {}",
                  assignment.partition().topic, assignment.partition().partition.value,
                  share.virtual_partition().value, first_unfinished(share), share.count_unfinished(),
                  describe_failure(share.failure())));
}

void log_filter_errors(Log& log, const Assignment& assignment, const core::FilterReport& report) {
  if (report.errors == 0) return;
  tell_error(assignment, events::ErrorType::filter, report.errors, report.first_text);
  if (!log.enabled(LogLevel::warning)) return;
  log.write(
      LogLevel::warning, "partition",
      fmt::format("{}/{}: filters threw {} times, and the messages went on without them; first {} at offset {}: {}",
                  assignment.partition().topic, assignment.partition().partition.value, report.errors,
                  report.first_filter, report.first_offset.value, report.first_text));
}

void log_filter_missing(Log& log, const Assignment& assignment, std::string_view why) {
  tell_error(assignment, events::ErrorType::filter, 1, why);
  if (!log.enabled(LogLevel::error)) return;
  log.write(LogLevel::error, "partition",
            fmt::format("{}/{}: messages go on without a filter of theirs: {}", assignment.partition().topic,
                        assignment.partition().partition.value, why));
}

void log_hook_failure(Log& log, const Assignment& assignment, core::HookKind kind, VirtualPartitionIndex index,
                      const std::exception_ptr& failure) {
  tell_error(assignment, events::ErrorType::hook, 1, describe_failure(failure));
  if (!log.enabled(LogLevel::warning)) return;
  log.write(LogLevel::warning, "partition",
            fmt::format("{}/{}: {} of virtual partition {} failed: {}", assignment.partition().topic,
                        assignment.partition().partition.value,
                        kind == core::HookKind::tick ? "on_tick" : "on_end_of_partition", index.value,
                        describe_failure(failure)));
}

}  // namespace braid::engine
