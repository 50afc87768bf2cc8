#include "core/flow/batch_flow.hpp"

#include "core/assert.hpp"

#include <algorithm>

namespace braid::core {

std::uint32_t BatchFlow::room() const {
  return admits_ ? settings_.max_messages - gathering_ : 0;
}

std::size_t BatchFlow::admissible(std::span<const Message> messages) const {
  if (messages.empty()) return 0;
  // The window starts at the lowest open offset, which is the first of these where nothing is open: they must fit
  // together, not one by one.
  const std::optional<Offset> open = ledger_ ? ledger_->lowest_open() : std::nullopt;
  const std::size_t window = ledger_ ? ledger_->max_window() : OffsetLedger::kMaxWindowDefault;
  const Offset last{open.value_or(messages.front().offset()).value + static_cast<std::int64_t>(window) - 1};
  if (messages.back().offset() <= last) return messages.size();
  const auto beyond =
      std::upper_bound(messages.begin(), messages.end(), last,
                       [](Offset limit, const Message& message) { return limit < message.offset(); });
  return static_cast<std::size_t>(beyond - messages.begin());
}

void BatchFlow::gathered(std::span<const Message> messages, Time now) {
  if (messages.empty()) return;
  BRAID_ASSERT(messages.size() <= settings_.max_messages - gathering_, "a batch takes no more than max_messages");
  const Offset first = messages.front().offset();
  const Offset last = messages.back().offset();
  if (!ledger_) ledger_.emplace(CommitPosition{first.value});
  if (static_cast<std::int64_t>(messages.size()) == last.value - first.value + 1) {
    ledger_->deliver_range(first, last);
  } else {
    for (const Message& message : messages) ledger_->deliver(message.offset());
  }
  if (gathering_ == 0) gathering_since_ = now;
  gathering_ += static_cast<std::uint32_t>(messages.size());
  at_end_ = false;
}

void BatchFlow::reached_end(std::optional<CommitPosition> end) {
  at_end_ = true;
  if (!end) return;
  end_ = end;
  if (!ledger_) ledger_.emplace(*end);  // nothing was there since the start
  move_over_markers();
}

// Behind the end that was reached nothing had been delivered then, so with nothing open all below it is done; what
// came later is above it.
void BatchFlow::move_over_markers() {
  if (end_ && ledger_->open_count() == 0) ledger_->advance_to(*end_);
}

bool BatchFlow::complete(Time now) const {
  return gathering_ >= settings_.max_messages || at_end_ || now >= gathering_since_ + settings_.max_wait;
}

BatchFlow::Step BatchFlow::next(Time now) const {
  if (gathering_ == 0 || armed_ || !admits_ || !complete(now)) return Step::wait;
  return running_ ? Step::arm : Step::start;
}

std::optional<Time> BatchFlow::wakes_at() const {
  std::optional<Time> at;
  if (gathering_ > 0 && !armed_ && admits_) at = gathering_since_ + settings_.max_wait;
  for (const Retry& retry : retries_) at = at ? std::min(*at, retry.due) : retry.due;
  return at;
}

void BatchFlow::started() {
  BRAID_ASSERT(!running_ && gathering_ > 0, "one batch runs at a time");
  running_ = true;
  gathering_ = 0;
  at_end_ = false;
}

void BatchFlow::dropped() {
  armed_ = false;
  gathering_ = 0;
  at_end_ = false;
}

void BatchFlow::settled(Offset first, Offset last) {
  BRAID_ASSERT(running_, "only what runs can settle");
  ledger_->done_range(first, last);
  move_over_markers();
  running_ = armed_;
  if (armed_) {
    armed_ = false;
    gathering_ = 0;
    at_end_ = false;
  }
}

void BatchFlow::failed(std::uint32_t share, Time now) {
  if (!admits_) return;
  retries_.push_back({now + settings_.retry_backoff, share});
}

std::vector<std::uint32_t> BatchFlow::take_due(Time now) {
  std::vector<std::uint32_t> due;
  std::erase_if(retries_, [&](const Retry& retry) {
    if (retry.due > now) return false;
    due.push_back(retry.share);
    return true;
  });
  return due;
}

void BatchFlow::done(Offset offset) {
  ledger_->done(offset);
  move_over_markers();
}

std::optional<CommitPosition> BatchFlow::position() const {
  if (!ledger_) return std::nullopt;
  return ledger_->position();
}

std::size_t BatchFlow::open_count() const {
  return ledger_ ? ledger_->open_count() : 0;
}

}  // namespace braid::core
