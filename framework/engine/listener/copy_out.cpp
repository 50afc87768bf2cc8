#include "engine/listener/copy_out.hpp"

#include <algorithm>

namespace braid::engine {

namespace {

core::HoldWatch::Settings watch_settings(const routing::Topic& topic) {
  // A quarter: less copies messages of a backlog too that nothing holds up, and saves no memory; what is kept in
  // memory beyond what is held is small beside what may be held.
  return {.copy_after = topic.hold_copy_after.value_or(std::chrono::milliseconds{0}),
          .spare_bytes = topic.max_bytes / 4};
}

}  // namespace

CopyOut::CopyOut(Assignment& assignment)
    : assignment_(assignment),
      wanted_(assignment.topic().hold_copy_after.has_value()),
      watch_(watch_settings(assignment.topic())) {}

std::optional<Offset> CopyOut::begin_by_time(Time now, std::optional<CommitPosition> position) {
  if (!wanted_) return std::nullopt;
  watch_.look_at(now);
  return begin(position);
}

std::optional<Offset> CopyOut::begin_by_bytes(std::size_t held, std::optional<CommitPosition> position) {
  if (!wanted_) return std::nullopt;
  watch_.look_at_bytes(held);
  return watch_.due() ? begin(position) : std::nullopt;
}

std::optional<Offset> CopyOut::begin(std::optional<CommitPosition> position) {
  // What was looked at before is looked at again: a batch may have been somebody else's then.
  const auto through = watch_.through();
  left_ = kMostARound;
  if (through && position && *position >= next_after(*through)) {
    watch_.done();
    return std::nullopt;
  }
  return through;
}

void CopyOut::end() {
  if (left_ > 0) watch_.done();
}

bool CopyOut::copy(std::span<Message> messages) {
  const std::size_t copied = assignment_.messages().detach(messages);
  Counters::add(assignment_.counters().messages_copied, copied);
  left_ -= std::min(left_, copied);
  return left_ > 0;
}

bool CopyOut::wants(const RunningBatch& batch, Offset through) const {
  return left_ > 0 && !batch.empty() && !batch.copied() && batch.first() <= through;
}

void CopyOut::copy_batch(RunningBatch& batch, Offset through) {
  if (!wants(batch, through) || !batch.unshared()) return;
  const std::size_t copied = batch.copy_out(left_);
  Counters::add(assignment_.counters().messages_copied, copied);
  left_ -= std::min(left_, copied);
}

}  // namespace braid::engine
