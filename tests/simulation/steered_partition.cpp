#include "simulation/steered_partition.hpp"

#include <algorithm>
#include <chrono>

namespace braid::simulation {

namespace {

using Kind = engine::StartPoint::Kind;

bool same(const engine::StartPoint& one, const engine::StartPoint& other) {
  return one.kind == other.kind && one.at == other.at && one.time == other.time;
}

// A record's time is its offset, in milliseconds.
std::chrono::system_clock::time_point time_at(std::int64_t offset) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(offset));
}

engine::StartPoint draw_target(Random& random, const FakeLog& log, std::int64_t near) {
  const std::int64_t offset = std::clamp<std::int64_t>(near + random.between(-25, 25), 0, log.end());
  const std::size_t which = random.below(100);
  if (which < 55) return {.kind = Kind::at, .at = CommitPosition{offset}, .as_a_number = true};
  if (which < 75) return {.kind = Kind::time, .time = time_at(offset), .as_a_number = true};
  if (which < 85) return {.kind = Kind::latest, .as_a_number = true};
  if (which < 90) return {.kind = Kind::earliest, .as_a_number = true};
  // Before the log, or behind it.
  const std::int64_t nowhere =
      which < 95 ? log.end() + random.between(1, 20) : std::max<std::int64_t>(log.start() - 1, 0);
  return {.kind = Kind::at, .at = CommitPosition{nowhere}, .as_a_number = true};
}

SeekTarget target_of(const engine::StartPoint& target) {
  switch (target.kind) {
    case Kind::earliest:
      return SeekTarget::earliest();
    case Kind::latest:
      return SeekTarget::latest();
    case Kind::at:
      return SeekTarget::offset(Offset{target.at.value});
    case Kind::time:
      break;
  }
  return SeekTarget::time(target.time);
}

}  // namespace

std::int64_t offset_of(const engine::StartPoint& target, const FakeLog& log) {
  switch (target.kind) {
    case Kind::earliest:
      return log.start();
    case Kind::latest:
      return log.end();
    case Kind::at:
      return target.at.value;
    case Kind::time:
      break;
  }
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(target.time.time_since_epoch()).count();
  const std::size_t index = log.index_at(std::max<std::int64_t>(since, log.start()));
  return index < log.records().size() ? log.records()[index].offset : log.end();
}

void SteeredPartition::do_anything(const FakeLog& log, std::int64_t offset) {
  if (!control_ || closed_) return;
  const std::size_t which = world_.random.below(100);
  if (which < 35) {
    pause(std::chrono::milliseconds(world_.random.between(1, world_.random.chance(200) ? 2'000 : 60)));
  } else if (which < 55) {
    pause(std::nullopt);
  } else if (which < 75) {
    resume();
  } else {
    seek(log, offset);
    // Somebody thinks better of it.
    if (world_.random.chance(250)) seek(log, offset);
  }
}

void SteeredPartition::pause(std::optional<std::chrono::milliseconds> duration) {
  world_.happened(duration ? Happening::paused_for_a_time : Happening::paused_until_resumed);
  world_.trace("a consumer pauses it, for {} ms", -1, partition_, duration ? duration->count() : -1);
  paused_ = true;
  until_.reset();
  if (duration) until_ = world_.clock.now() + *duration;
  duration ? control_->pause(*duration) : control_->pause();
}

void SteeredPartition::resume() {
  if (!control_ || closed_) return;
  if (paused_) {
    world_.happened(Happening::partition_resumed);
    world_.trace("a consumer resumes it", -1, partition_);
  }
  paused_ = false;
  control_->resume();
}

void SteeredPartition::seek(const FakeLog& log, std::int64_t offset) {
  const engine::StartPoint target = draw_target(world_.random, log, offset);
  world_.happened(asked_.empty() ? Happening::seek_asked : Happening::seek_overridden);
  world_.trace("a consumer asks for a seek to {}", -1, partition_, offset_of(target, log));
  asked_.push_back(target);
  control_->seek(target_of(target));
}

// What the engine knows of the time may be old, and a pause is counted from when it looks.
bool SteeredPartition::held() const {
  if (!asked_.empty()) return true;
  return paused_ && (!until_ || world_.clock.now() + world_.longest_stall < *until_);
}

bool SteeredPartition::was_asked(const engine::StartPoint& target) const {
  return (once_more_ && same(*once_more_, target)) ||
         std::any_of(asked_.begin(), asked_.end(), [&](const auto& each) { return same(each, target); });
}

// It was the last one when it was looked at; those before it are forgotten.
void SteeredPartition::obeyed(const engine::StartPoint& target) {
  const auto is_it = [&](const auto& each) { return same(each, target); };
  once_more_.reset();
  if (std::count_if(asked_.begin(), asked_.end(), is_it) > 1) once_more_ = target;
  const auto found = std::find_if(asked_.rbegin(), asked_.rend(), is_it);
  asked_.erase(asked_.begin(), found.base());
}

void SteeredPartition::close() {
  closed_ = true;
  paused_ = false;
  asked_.clear();
  once_more_.reset();
}

}  // namespace braid::simulation
