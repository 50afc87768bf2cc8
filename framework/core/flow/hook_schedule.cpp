#include "core/flow/hook_schedule.hpp"

#include "core/assert.hpp"

#include <algorithm>

namespace braid::core {

// --- ends

void HookSchedule::Ends::settle(std::size_t messages) {
  const auto count = static_cast<std::uint32_t>(messages);
  BRAID_ASSERT(count <= unsettled_, "only what was given settles");
  unsettled_ -= count;
  before_first_ -= std::min(before_first_, count);
  before_last_ -= std::min(before_last_, count);
}

void HookSchedule::Ends::reach() {
  before_last_ = unsettled_;
  // The first one stays: where ends follow each other faster than messages settle, none would ever be told.
  if (!waits_) before_first_ = unsettled_;
  waits_ = true;
}

bool HookSchedule::Ends::take_due() {
  if (!waits_ || before_first_ > 0) return false;
  waits_ = before_last_ > 0;
  before_first_ = before_last_;
  return true;
}

// --- messages

HookSchedule::HookSchedule(const Settings& settings) : settings_(settings), lanes_(settings.max_partitions) {}

void HookSchedule::gathered(std::size_t messages) {
  given_ += messages;
  together_.give(messages);
}

void HookSchedule::batch_settled(std::size_t messages) {
  together_.settle(messages);
  if (!together_.take_due()) return;
  for (const std::uint32_t index : known_) owe(index, &Lane::owes_end);
}

void HookSchedule::given(std::uint32_t index) {
  ++given_;
  know(index);
  lanes_[index].ends.give(1);
}

void HookSchedule::settled(std::uint32_t index, std::size_t messages) {
  Ends& ends = lanes_[index].ends;
  ends.settle(messages);
  if (ends.take_due()) owe(index, &Lane::owes_end);
}

void HookSchedule::reached_end() {
  if (!settings_.end_of_partition || given_ == given_at_end_) return;
  given_at_end_ = given_;
  if (settings_.barrier) {
    together_.reach();
    batch_settled(0);
    return;
  }
  for (const std::uint32_t index : known_) {
    lanes_[index].ends.reach();
    settled(index, 0);
  }
}

// --- virtual partitions

void HookSchedule::know(std::uint32_t index) {
  Lane& lane = lanes_[index];
  if (lane.known) return;
  lane.known = true;
  known_.push_back(index);
}

void HookSchedule::occupied(std::uint32_t index) {
  know(index);
  Lane& lane = lanes_[index];
  if (lane.object) return;
  lane.object = true;
  ++objects_;
}

void HookSchedule::idle(std::uint32_t index) {
  lanes_[index].busy = false;
  consider(index);
}

void HookSchedule::returned(std::uint32_t index) {
  Lane& lane = lanes_[index];
  BRAID_ASSERT(lane.out, "only what is out returns");
  lane.out = false;
  --out_;
  if (lane.ticking) --ticks_out_;
  lane.ticking = false;
  consider(index);
}

void HookSchedule::owe(std::uint32_t index, bool Lane::*hook) {
  Lane& lane = lanes_[index];
  if (stopped_ || !lane.object) return;
  if (!lane.owes()) ++owed_;
  lane.*hook = true;
  consider(index);
}

// Those that are not free now are entered when they are.
void HookSchedule::consider(std::uint32_t index) {
  Lane& lane = lanes_[index];
  if (!lane.owes() || lane.busy || lane.out || lane.listed) return;
  lane.listed = true;
  free_.push_back(index);
}

// --- what follows from it

void HookSchedule::run_timers(Time now) {
  if (!settings_.tick_every || objects_ == 0) return;
  const Duration every = *settings_.tick_every;
  if (!next_tick_) next_tick_ = now + every;
  if (now < *next_tick_) return;
  *next_tick_ += ((now - *next_tick_) / every + 1) * every;
  // With the barrier a batch waits for every tick that is out, and one of them always could be.
  if (settings_.barrier && ticks_out_ > 0) return;
  for (const std::uint32_t index : known_) {
    if (!lanes_[index].ticking) owe(index, &Lane::owes_tick);
  }
}

std::optional<HookSchedule::Call> HookSchedule::next() {
  while (!free_.empty()) {
    const std::uint32_t index = free_.front();
    free_.pop_front();
    Lane& lane = lanes_[index];
    lane.listed = false;
    // A share of it has started since.
    if (lane.busy) continue;
    const Call call{index, lane.owes_end ? HookKind::end_of_partition : HookKind::tick};
    (lane.owes_end ? lane.owes_end : lane.owes_tick) = false;
    if (!lane.owes()) --owed_;
    lane.out = true;
    ++out_;
    lane.ticking = call.kind == HookKind::tick;
    if (lane.ticking) ++ticks_out_;
    return call;
  }
  return std::nullopt;
}

std::optional<Time> HookSchedule::wakes_at() const {
  if (stopped_ || objects_ == 0) return std::nullopt;
  return next_tick_;
}

void HookSchedule::stop() {
  stopped_ = true;
  free_.clear();
  for (Lane& lane : lanes_) lane.owes_tick = lane.owes_end = lane.listed = false;
  owed_ = 0;
}

}  // namespace braid::core
