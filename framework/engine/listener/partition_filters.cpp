#include "engine/listener/partition_filters.hpp"

#include "core/assert.hpp"
#include "core/recovery/make_filters.hpp"
#include "engine/listener/runner_log.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::engine {

namespace {

constexpr Duration kReportEvery = std::chrono::seconds(1);

const Clock& clock_of(const RunnerTools& tools) {
  BRAID_ASSERT(tools.clock != nullptr, "filters need a clock");
  return *tools.clock;
}

}  // namespace

std::unique_ptr<PartitionFilters> PartitionFilters::make(Assignment& assignment, core::PartitionOffsets& offsets,
                                                         Intake& intake, const RunnerTools& tools, bool together) {
  if (assignment.topic().filters.empty()) return nullptr;
  return std::make_unique<PartitionFilters>(assignment, offsets, intake, tools, together);
}

PartitionFilters::PartitionFilters(Assignment& assignment, core::PartitionOffsets& offsets, Intake& intake,
                                   const RunnerTools& tools, bool together)
    : assignment_(assignment),
      offsets_(offsets),
      intake_(intake),
      clock_(clock_of(tools)),
      log_(*tools.log),
      commits_(*tools.commits),
      of_partition_(std::vector<core::FilterChain::Link>{}),
      of_virtual_partitions_(std::vector<core::FilterChain::Link>{}) {
  core::MadeFilters made = core::make_filters(assignment_.topic().filters, together);
  for (const std::string& problem : made.problems) log_filter_missing(log_, assignment_, problem);
  of_partition_ = core::FilterChain(std::move(made.of_partition));
  of_virtual_partitions_ = core::FilterChain(std::move(made.of_virtual_partitions));
}

std::size_t PartitionFilters::admit(std::vector<Message>& messages, std::size_t from, std::size_t fit,
                                    std::size_t most, Time now) {
  if (fit == 0) {
    // What lets it go on is room, not time.
    of_partition_.forget_wait();
    return 0;
  }
  const std::span<const Message> ahead = std::span<const Message>(messages).subspan(from, fit);
  const core::FilterChain::Look look = of_partition_.look(ahead, most, at(now), report_);
  offsets_.admit(ahead.first(look.looked));
  if (!of_partition_.skipped().empty()) take_out_skipped(messages, from, look.looked);
  report(now);
  return look.passed;
}

// What passed moves together, and what was not looked at stands behind it.
void PartitionFilters::take_out_skipped(std::vector<Message>& messages, std::size_t from, std::size_t looked) {
  auto next_skipped = of_partition_.skipped().begin();
  const auto end = of_partition_.skipped().end();
  std::size_t kept = from;
  for (std::size_t i = 0; i < looked; ++i) {
    if (next_skipped != end && *next_skipped == i) {
      skipped_.push_back(messages[from + i]);
      ++next_skipped;
    } else {
      messages[kept++] = messages[from + i];
    }
  }
  const auto begin = messages.begin();
  messages.erase(begin + static_cast<std::ptrdiff_t>(kept), begin + static_cast<std::ptrdiff_t>(from + looked));
  skip(skipped_);
  skipped_.clear();
}

void PartitionFilters::skip(std::span<const Message> messages) {
  if (messages.empty()) return;
  for (const Message& message : messages) offsets_.done(message.offset());
  intake_.bytes().give_back(messages);
  Counters::add(assignment_.counters().messages_filtered, messages.size());
  assignment_.messages().release(messages);
  // No batch tells that the position has moved.
  commits_.skipped();
}

bool PartitionFilters::head_waits(Time now) const {
  const auto until = of_partition_.waits_until();
  return until && now < *until;
}

std::optional<Time> PartitionFilters::sooner(std::optional<Time> other) const {
  const auto until = of_partition_.waits_until();
  if (!until) return other;
  return other ? std::min(*other, *until) : until;
}

Verdict PartitionFilters::ask(const Message& message) {
  // Not the turn's time: the dispatcher asks when there is room in the pool.
  return of_virtual_partitions_.ask(message, at(clock_.now()), report_);
}

void PartitionFilters::report(Time now) {
  if (report_.errors == 0 || now < next_report_) return;
  log_filter_errors(log_, assignment_, std::exchange(report_, {}));
  next_report_ = now + kReportEvery;
}

}  // namespace braid::engine
