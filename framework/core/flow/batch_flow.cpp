#include "core/flow/batch_flow.hpp"

#include "core/assert.hpp"

#include <algorithm>

namespace braid::core {

std::uint32_t BatchFlow::room() const {
  return admits_ && !sealed_ ? settings_.max_messages - std::min(gathering_, settings_.max_messages) : 0;
}

void BatchFlow::gathered(std::size_t messages, Time now) {
  if (messages == 0) return;
  BRAID_ASSERT(messages <= settings_.max_messages - gathering_, "a batch takes no more than max_messages");
  if (gathering_ == 0) gathering_since_ = now;
  gathering_ += static_cast<std::uint32_t>(messages);
  at_end_ = false;
}

bool BatchFlow::complete(Time now) const {
  return sealed_ || gathering_ >= settings_.max_messages || at_end_ || now >= gathering_since_ + settings_.max_wait;
}

BatchFlow::Step BatchFlow::next(Time now) const {
  if (gathering_ == 0 || armed_ || held_ || !admits_ || !complete(now)) return Step::wait;
  if (!running_) return Step::start;
  return settings_.arms ? Step::arm : Step::wait;
}

std::optional<Time> BatchFlow::wakes_at() const {
  std::optional<Time> at;
  // What is sealed or held waits for something else than time, and what can't be armed for the present batch.
  const bool by_time = !armed_ && !sealed_ && !held_ && (settings_.arms || !running_);
  if (gathering_ > 0 && by_time && admits_) at = gathering_since_ + settings_.max_wait;
  for (const Retry& retry : retries_) at = at ? std::min(*at, retry.due) : retry.due;
  return at;
}

void BatchFlow::started() {
  BRAID_ASSERT(!running_ && gathering_ > 0, "one batch runs at a time");
  running_ = true;
  gathering_ = 0;
  at_end_ = false;
  sealed_ = false;
}

void BatchFlow::dropped() {
  armed_ = false;
  gathering_ = 0;
  at_end_ = false;
  sealed_ = false;
}

void BatchFlow::settled() {
  BRAID_ASSERT(running_, "only what runs can settle");
  running_ = armed_;
  if (armed_) {
    armed_ = false;
    gathering_ = 0;
    at_end_ = false;
  }
}

void BatchFlow::failed(std::uint32_t share, Time due) {
  if (!admits_) return;
  retries_.push_back({due, share});
}

std::optional<Time> BatchFlow::retry_of(std::uint32_t share) const {
  const auto found = std::ranges::find(retries_, share, &Retry::share);
  return found == retries_.end() ? std::nullopt : std::optional(found->due);
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

}  // namespace braid::core
