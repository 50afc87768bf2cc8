#include "core/flow/continuous_flow.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace braid::core {

namespace {

// What has not moved for so long stands still. Short beside what user code that waits for anything takes, long
// beside a look at some thousand queues.
constexpr Duration kLookForMovement = std::chrono::milliseconds(10);

}  // namespace

ContinuousFlow::ContinuousFlow(const Settings& settings)
    : settings_(settings),
      queues_(settings.max_partitions),
      ready_(settings.max_partitions),
      lanes_(settings.max_partitions) {}

std::size_t ContinuousFlow::room() const {
  if (!admits_ || full_ > 0 || enough_ahead()) return 0;
  const std::size_t ahead = settings_.look_ahead ? *settings_.look_ahead - moving() : settings_.max_queued;
  return std::min<std::size_t>(settings_.max_queued, ahead);
}

void ContinuousFlow::look_for_movement(Time now) {
  if (!settings_.look_ahead || now < next_look_) return;
  if (standing_ == 0 && moving() < *settings_.look_ahead / 2) return;
  next_look_ = now + kLookForMovement;
  standing_ = 0;
  for (std::uint32_t index = 0; index < queues_.count(); ++index) {
    const bool moved = std::exchange(lanes_[index].moved, false);
    // What is ready waits for nothing but its turn: the workers have enough.
    if (!moved && !ready_.contains(index)) standing_ += queues_.length(index);
  }
}

bool ContinuousFlow::complete(std::uint32_t index, Time now) const {
  return settings_.max_wait == Duration::zero() || at_end_ || queues_.length(index) >= settings_.max_messages ||
         now >= lanes_[index].since + settings_.max_wait;
}

void ContinuousFlow::push(std::uint32_t index, const Message& message, KeyId key, Time now) {
  BRAID_ASSERT(admits_, "nothing is admitted after the end");
  queues_.push(index, message, key);
  at_end_ = false;
  const std::uint32_t length = queues_.length(index);
  if (length == settings_.max_queued) ++full_;
  if (ready_.contains(index)) {
    ready_.update(index, length);
    return;
  }
  Lane& lane = lanes_[index];
  if (length == 1 && settings_.max_wait > Duration::zero()) {
    lane.since = now;
    filling_.push_back({now + settings_.max_wait, index, now});
  }
  if (free(index) && complete(index, now)) make_ready(index);
}

void ContinuousFlow::reached_end() {
  at_end_ = true;
  for (const Filling& filling : filling_) {
    const std::uint32_t index = filling.index;
    if (queues_.length(index) > 0 && free(index) && !ready_.contains(index)) make_ready(index);
  }
  // The entries stay: they are for those that run now, and were to go on filling if more comes meanwhile.
}

void ContinuousFlow::stop_admission() {
  admits_ = false;
  retries_ = {};
  for (Lane& lane : lanes_) lane.retry.reset();
  waits_ = {};
}

void ContinuousFlow::drop(std::vector<Message>& messages, std::vector<KeyId>& keys,
                          std::vector<std::uint32_t>& indexes) {
  for (std::uint32_t index = 0; index < queues_.count() && queues_.size() > 0; ++index) {
    const std::uint32_t length = queues_.length(index);
    if (length == 0) continue;
    if (ready_.contains(index)) ready_.erase(index);
    queues_.pop(index, length, messages, keys);
    indexes.insert(indexes.end(), length, index);
  }
  filling_.clear();
  full_ = 0;
}

void ContinuousFlow::run_timers(Time now) {
  while (!filling_.empty() && filling_.front().due <= now) {
    const Filling filling = filling_.front();
    filling_.pop_front();
    const Lane& lane = lanes_[filling.index];
    const bool fills = queues_.length(filling.index) > 0 && lane.since == filling.since;
    if (fills && free(filling.index) && !ready_.contains(filling.index)) make_ready(filling.index);
  }
  while (!waits_.empty() && waits_.top().until <= now) {
    const std::uint32_t index = waits_.top().index;
    waits_.pop();
    lanes_[index].waits = false;
    // Something else may have its turn, such as a hook: then settled() goes on with it.
    if (free(index) && queues_.length(index) > 0) make_ready(index);
  }
}

std::optional<std::uint32_t> ContinuousFlow::next() const {
  return ready_.first();
}

void ContinuousFlow::pop(std::uint32_t index, std::uint32_t most, std::vector<Message>& messages,
                         std::vector<KeyId>& keys) {
  const std::uint32_t before = queues_.length(index);
  BRAID_ASSERT(before > 0, "only what waits can be taken");
  queues_.pop(index, most, messages, keys);
  if (before >= settings_.max_queued && queues_.length(index) < settings_.max_queued) --full_;
}

void ContinuousFlow::take(std::uint32_t index, std::uint32_t most, std::vector<Message>& messages,
                          std::vector<KeyId>& keys) {
  Lane& lane = lanes_[index];
  BRAID_ASSERT(lane.runs != ready_.contains(index), "a virtual partition is ready, or it runs");
  pop(index, most, messages, keys);
  if (!lane.runs) ready_.erase(index);
  lane.runs = true;
  lane.moved = true;
  // What is left has waited as long as what went: it is due when its virtual partition is free.
}

void ContinuousFlow::remove_first(std::uint32_t index, std::vector<Message>& messages, std::vector<KeyId>& keys) {
  pop(index, 1, messages, keys);
  if (!ready_.contains(index)) return;
  if (queues_.length(index) > 0) {
    ready_.update(index, queues_.length(index));
  } else {
    ready_.erase(index);
  }
}

void ContinuousFlow::wait(std::uint32_t index, Time until) {
  BRAID_ASSERT(ready_.contains(index), "only what is ready can be told to wait");
  ready_.erase(index);
  lanes_[index].waits = true;
  waits_.push({until, index});
}

void ContinuousFlow::occupy(std::uint32_t index) {
  Lane& lane = lanes_[index];
  BRAID_ASSERT(!lane.runs, "only what is free can be occupied");
  if (ready_.contains(index)) ready_.erase(index);
  lane.runs = true;
}

bool ContinuousFlow::may_follow(std::uint32_t index, Time now) const {
  const std::uint32_t length = queues_.length(index);
  return admits_ && lanes_[index].runs && length > 0 && complete(index, now) && ready_.none_before(length);
}

void ContinuousFlow::settled(std::uint32_t index, Time now) {
  Lane& lane = lanes_[index];
  BRAID_ASSERT(lane.runs, "only what runs can settle");
  lane.runs = false;
  if (queues_.length(index) == 0 || lane.waits) return;
  // Still filling: its entry in filling_ is there, since run_timers() leaves those that wait.
  if (complete(index, now)) make_ready(index);
}

void ContinuousFlow::failed(std::uint32_t index, Time due) {
  BRAID_ASSERT(lanes_[index].runs, "only what runs can fail");
  if (!admits_) return;
  retries_.push({due, index});
  lanes_[index].retry = due;
}

std::optional<std::uint32_t> ContinuousFlow::take_due(Time now) {
  if (retries_.empty() || retries_.top().due > now) return std::nullopt;
  const std::uint32_t index = retries_.top().index;
  retries_.pop();
  lanes_[index].retry.reset();
  return index;
}

std::optional<Time> ContinuousFlow::wakes_at() const {
  std::optional<Time> at;
  if (!filling_.empty()) at = filling_.front().due;
  if (!retries_.empty()) at = at ? std::min(*at, retries_.top().due) : retries_.top().due;
  if (!waits_.empty()) at = at ? std::min(*at, waits_.top().until) : waits_.top().until;
  // Nothing may settle until then, and yet what stands still may leave room.
  if (admits_ && full_ == 0 && enough_ahead()) at = at ? std::min(*at, next_look_) : next_look_;
  return at;
}

}  // namespace braid::core
