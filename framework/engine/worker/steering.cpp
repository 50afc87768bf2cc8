#include "engine/worker/steering.hpp"

#include <braid/partition_control.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace braid::engine {

void Steering::pause(std::optional<Duration> duration) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    paused_ = true;
    duration_ = duration;
    until_.reset();
    // Release: a worker that sees it sees the asking share's effects.
    held_.store(true, std::memory_order_release);
  }
  tell();
}

void Steering::resume() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || !paused_) return;
    paused_ = false;
    duration_.reset();
    until_.reset();
  }
  tell();
}

void Steering::seek(const StartPoint& target) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    seek_ = target;
    held_.store(true, std::memory_order_release);
  }
  tell();
}

void Steering::tell() {
  if (listener_) listener_->notify();
}

bool Steering::paused() const {
  const std::lock_guard lock(mutex_);
  return paused_;
}

void Steering::look(Time now) {
  if (!held()) return;
  const std::lock_guard lock(mutex_);
  // A duration is counted from when it is first seen here: consumers have no clock of ours.
  if (duration_) until_ = now + *std::exchange(duration_, std::nullopt);
  if (until_ && *until_ <= now) {
    until_.reset();
    paused_ = false;
  }
  if (!paused_ && !seek_) held_.store(false, std::memory_order_release);
}

bool Steering::wants_seek() const {
  const std::lock_guard lock(mutex_);
  return seek_.has_value();
}

std::optional<StartPoint> Steering::take_seek() {
  if (!held()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return std::exchange(seek_, std::nullopt);
}

std::optional<Time> Steering::wakes_at() const {
  if (!held()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return until_;
}

void Steering::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  paused_ = false;
  duration_.reset();
  until_.reset();
  seek_.reset();
}

}  // namespace braid::engine

namespace braid {

SeekTarget SeekTarget::offset(Offset offset) {
  if (offset.value < 0) throw std::invalid_argument("seek: an offset is not negative");
  return SeekTarget(offset);
}

SeekTarget SeekTarget::time(std::chrono::system_clock::time_point time) {
  if (time.time_since_epoch().count() < 0) throw std::invalid_argument("seek: a time is not before the epoch");
  return SeekTarget(time);
}

void PartitionControl::pause() const {
  steering_->pause(std::nullopt);
}

void PartitionControl::pause(std::chrono::milliseconds duration) const {
  if (duration <= std::chrono::milliseconds::zero()) {
    throw std::invalid_argument("pause: a duration is positive; resume() ends a pause");
  }
  // What is longer is as good as for ever, and would not fit into the clock's units.
  steering_->pause(std::min<std::chrono::milliseconds>(duration, std::chrono::hours(24 * 365)));
}

void PartitionControl::resume() const {
  steering_->resume();
}

bool PartitionControl::paused() const {
  return steering_->paused();
}

void PartitionControl::seek(const SeekTarget& target) const {
  steering_->seek(engine::Steering::start_point_of(target));
}

engine::StartPoint engine::Steering::start_point_of(const SeekTarget& target) {
  struct ToStartPoint {
    StartPoint operator()(SeekTarget::Earliest) const { return {.kind = StartPoint::Kind::earliest}; }
    StartPoint operator()(SeekTarget::Latest) const { return {.kind = StartPoint::Kind::latest}; }
    StartPoint operator()(Offset offset) const {
      return {.kind = StartPoint::Kind::at, .at = CommitPosition{offset.value}};
    }
    StartPoint operator()(std::chrono::system_clock::time_point time) const {
      return {.kind = StartPoint::Kind::time, .time = time};
    }
  };
  StartPoint start = std::visit(ToStartPoint{}, target.where_);
  start.as_a_number = true;
  return start;
}

}  // namespace braid
