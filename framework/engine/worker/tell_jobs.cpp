#include "engine/worker/tell_jobs.hpp"

#include "core/lag/message_lag.hpp"
#include "engine/instrumentation/event_hub.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share.hpp"

#include <braid/batch.hpp>

namespace braid {

std::chrono::milliseconds Batch::consumption_lag() const {
  return consumption_lag(messages_.front());
}
std::chrono::milliseconds Batch::consumption_lag(const Message& message) const {
  return engine::consumption_lag_of(share_->batch().assignment(), share_->started_at(), message);
}
std::chrono::microseconds Batch::processing_lag() const {
  return engine::processing_lag_of(*share_);
}

}  // namespace braid

namespace braid::engine {

events::Partition partition_of(const Assignment& assignment) {
  return {assignment.group(), assignment.partition().topic, assignment.partition().partition.value};
}

events::Share share_of(const Share& share) {
  events::Share told{.virtual_partition = share.virtual_partition().value,
                     .messages = share.count_unfinished(),
                     .attempt = share.attempt()};
  const std::uint32_t first = share.first_unfinished();
  if (first >= share.size()) return told;
  told.first_offset = share.messages()[first].offset().value;
  told.last_offset = share.messages().back().offset().value;
  return told;
}

std::chrono::milliseconds consumption_lag_of(const Assignment& assignment, Time began, const Message& message) {
  const RecoveryTools& tools = assignment.recovery();
  return core::consumption_lag(
      message.timestamp(),
      tools.wall() - std::chrono::duration_cast<std::chrono::system_clock::duration>(tools.now() - began));
}

std::chrono::microseconds processing_lag_of(const Share& share) {
  if (share.attempt() > 1) return {};
  return core::processing_lag(share.batch().ready_at(), share.started_at());
}

void tell_job_started(Assignment& assignment, Share& share, Time now) {
  EventHub& hub = *assignment.counters().events;
  const bool wants_start = hub.wants<events::JobStarted>();
  const bool wants_lags = wants_start || hub.wants<events::PartitionMeasured>();
  const bool wants_batch = hub.wants<events::BatchSettled>();
  if (!wants_lags && !wants_batch) return;
  if (wants_batch) share.batch().note_began(now);
  if (!wants_lags || share.first_unfinished() >= share.size()) return;
  const auto consumption = consumption_lag_of(assignment, now, share.messages()[share.first_unfinished()]);
  const auto processing = processing_lag_of(share);
  if (share.attempt() == 1) assignment.lags().note(consumption, processing);
  hub.emit<events::JobStarted>([&] {
    return events::JobStarted{partition_of(assignment), share_of(share), consumption, processing};
  });
}

void tell_job_ended(Assignment& assignment, const Share& share, bool failed, bool done) {
  assignment.counters().events->emit<events::JobEnded>([&] {
    const auto took = assignment.recovery().now() - share.started_at();
    return events::JobEnded{
        .where = partition_of(assignment),
        .share = share_of(share),
        .outcome = failed ? events::Outcome::failed : (done ? events::Outcome::done : events::Outcome::open),
        .took = std::chrono::duration_cast<std::chrono::microseconds>(took)};
  });
}

void tell_skipped(const Assignment& assignment, const Share& share, const Message& message) {
  assignment.counters().events->emit<events::MessageSkipped>([&] {
    return events::MessageSkipped{partition_of(assignment), share.virtual_partition().value,
                                  message.offset().value};
  });
}

std::optional<Time> RunningBatch::began_at() const {
  const Duration::rep began = began_at_.load(std::memory_order_relaxed);
  if (began == 0) return std::nullopt;
  return Time(Duration(began));
}

void RunningBatch::note_began(Time now) {
  // The first one; its worker's end publishes it, as all that it did.
  Duration::rep none = 0;
  began_at_.compare_exchange_strong(none, now.time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace braid::engine
