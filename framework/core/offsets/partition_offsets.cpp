#include "core/offsets/partition_offsets.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace braid::core {

PartitionOffsets::PartitionOffsets(Start start, std::size_t max_window)
    : max_window_(max_window), done_before_(std::move(start.done_before)) {
  BRAID_ASSERT(start.position || done_before_.empty(),
               "what was done before is said with the position it goes with");
  if (!start.position) return;
  expected_ = expected_at(*start.position);
  ledger_.emplace(*start.position, max_window_);
  Offset next = *expected_;
  for (const OffsetRange range : done_before_) {
    BRAID_ASSERT(next <= range.first && range.first <= range.last, "done ranges ascend, from the position on");
    next = {range.last.value + 1};
  }
}

// --- admission

PartitionOffsets::Passed PartitionOffsets::pass(std::vector<Message>& messages, std::size_t from,
                                                std::vector<Message>& dropped) {
  Passed passed;
  if (from >= messages.size()) return passed;
  const auto start = expected();
  Offset next = start ? expected_at(*start) : messages[from].offset();
  std::size_t kept = from;
  for (std::size_t i = from; i < messages.size(); ++i) {
    const Offset offset = messages[i].offset();
    if (offset < next) {
      dropped.push_back(messages[i]);
      ++passed.stale;
      continue;
    }
    if (offset > next) ++passed.jumps;
    next = {offset.value + 1};
    if (was_done_before(offset)) {
      dropped.push_back(messages[i]);
      ++passed.done_before;
      seen_to_ = std::max(seen_to_.value_or(CommitPosition{next.value}), CommitPosition{next.value});
      continue;
    }
    if (kept != i) messages[kept] = messages[i];
    ++kept;
  }
  messages.resize(kept);
  expected_ = next;
  waiting_ += kept - from;
  if (passed.done_before > 0) settle_trailing();
  return passed;
}

std::size_t PartitionOffsets::admissible(std::span<const Message> messages) const {
  if (messages.empty()) return 0;
  // The window starts at the lowest open offset, which is the first of these where nothing is open: they must fit
  // together, not one by one.
  const std::optional<Offset> open = ledger_ ? ledger_->lowest_open() : std::nullopt;
  const Offset low = open.value_or(messages.front().offset());
  const auto beyond = [&](const Message& message) {
    return static_cast<std::uint64_t>(message.offset().value - low.value) >= max_window_;
  };
  if (!beyond(messages.back())) return messages.size();
  return static_cast<std::size_t>(std::ranges::partition_point(messages, std::not_fn(beyond)) - messages.begin());
}

void PartitionOffsets::admit(std::span<const Message> messages) {
  if (messages.empty()) return;
  BRAID_ASSERT(messages.size() <= waiting_, "only what has passed is admitted, and once");
  waiting_ -= messages.size();
  if (!ledger_) ledger_.emplace(CommitPosition{messages.front().offset().value}, max_window_);
  while (!messages.empty()) {
    enter_done_before(messages.front().offset());
    std::size_t together = messages.size();
    if (entered_ < done_before_.size() && done_before_[entered_].first < messages.back().offset()) {
      const auto behind = [&](const Message& message) { return message.offset() < done_before_[entered_].first; };
      together = static_cast<std::size_t>(std::ranges::partition_point(messages, behind) - messages.begin());
    }
    deliver(messages.first(together));
    messages = messages.subspan(together);
  }
}

void PartitionOffsets::deliver(std::span<const Message> messages) {
  const Offset first = messages.front().offset();
  const Offset last = messages.back().offset();
  if (static_cast<std::int64_t>(messages.size()) == last.value - first.value + 1) {
    ledger_->deliver_range(first, last);
  } else {
    for (const Message& message : messages) ledger_->deliver(message.offset());
  }
}

bool PartitionOffsets::reached_end(std::optional<CommitPosition> end) {
  if (!end) return false;
  const bool left_out = expected() && *expected() < *end;
  forget_done_before(*end);
  if (!ledger_) {  // nothing was there since the start
    ledger_.emplace(*end, max_window_);
    ++revision_;
  }
  // Behind the end nothing had been delivered then, so all below it has come; what comes later is above it.
  seen_to_ = std::max(seen_to_.value_or(*end), *end);
  settle_trailing();
  return left_out;
}

// --- done before

// Requires that offsets ascend from call to call.
bool PartitionOffsets::was_done_before(Offset offset) {
  while (compared_ < done_before_.size() && done_before_[compared_].last < offset) ++compared_;
  return compared_ < done_before_.size() && done_before_[compared_].first <= offset;
}

// The ledger takes what was done before as done from now on, since a message above it is about to be admitted.
void PartitionOffsets::enter_done_before(Offset below) {
  for (; entered_ < done_before_.size() && done_before_[entered_].first < below; ++entered_) {
    if (ledger_->open_count() == 0) continue;  // the position moves above it by what is about to be admitted
    const OffsetRange range = done_before_[entered_];
    const Offset first = std::max(range.first, ledger_->next_deliverable());
    if (first > range.last) continue;
    ledger_->deliver_range(first, range.last);
    ledger_->done_range(first, range.last);
  }
}

void PartitionOffsets::forget_done_before(CommitPosition from) {
  const Offset end = expected_at(from);
  if (done_before_.empty() || done_before_.back().last < end) return;
  while (!done_before_.empty() && done_before_.back().first >= end) done_before_.pop_back();
  if (!done_before_.empty() && done_before_.back().last >= end) done_before_.back().last = {end.value - 1};
  compared_ = std::min(compared_, done_before_.size());
  entered_ = std::min(entered_, done_before_.size());
  ++revision_;
}

// --- settling

void PartitionOffsets::settle_trailing() {
  if (waiting_ > 0 || !seen_to_) return;
  // While something is open the ledger does not move.
  if (ledger_->advance_to(*seen_to_)) ++revision_;
}

void PartitionOffsets::done(Offset offset) {
  done_range(offset, offset);
}

void PartitionOffsets::done_range(Offset first, Offset last) {
  if (!ledger_) return;
  const std::size_t count = ledger_->done_range(first, last);
  if (count == 0) return;
  revision_ += count;
  settle_trailing();
}

// --- what follows from it

std::optional<CommitPosition> PartitionOffsets::position() const {
  if (!ledger_) return std::nullopt;
  return ledger_->position();
}

std::optional<CommitPosition> PartitionOffsets::expected() const {
  const auto at = position();
  if (!expected_) return at;
  const CommitPosition next{expected_->value};
  // The position may have moved over offsets that were never delivered.
  return at ? std::max(*at, next) : next;
}

std::vector<OffsetRange> PartitionOffsets::done_ranges(std::size_t limit) const {
  std::vector<OffsetRange> ranges;
  if (!ledger_) return ranges;
  ledger_->for_each_done_range([&](OffsetRange range) { ranges.push_back(range); }, limit);
  const Offset above = ledger_->open_count() > 0 ? ledger_->next_deliverable() : expected_at(ledger_->position());
  for (std::size_t i = entered_; i < done_before_.size(); ++i) {
    const OffsetRange range{std::max(done_before_[i].first, above), done_before_[i].last};
    if (range.first > range.last) continue;
    if (!ranges.empty() && ranges.back().last.value + 1 == range.first.value) {
      ranges.back().last = range.last;
    } else if (ranges.size() < limit) {
      ranges.push_back(range);
    } else {
      break;
    }
  }
  return ranges;
}

}  // namespace braid::core
