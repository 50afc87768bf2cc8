#include "apps/clickstream/src/streaming/capacity_gate.hpp"

#include <algorithm>

namespace clickstream {
namespace {

// Who had to wait goes on when there is room for many messages, or each one would cost a wake-up.
constexpr std::size_t room_after_wait = braid::testing::CapacityGuard::kBytesAheadMax / 8;

}  // namespace

bool CapacityGate::enter(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  if (guard_.room() < bytes && !closed_) {
    waiting_ = true;
    changed_.wait(lock, [&] { return closed_ || guard_.room() >= std::max(bytes, room_after_wait); });
    waiting_ = false;
  }
  if (closed_) return false;
  guard_.sent(bytes);
  return true;
}

void CapacityGate::delivered(braid::PartitionNumber partition, braid::Offset offset, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  guard_.delivered(topic_, partition, offset, bytes);
  tell();
}

void CapacityGate::failed(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  guard_.failed(bytes);
  tell();
}

void CapacityGate::processed(const braid::Batch& batch) {
  const std::lock_guard lock(mutex_);
  ContiguousPosition& position = positions_[batch.partition()];
  for (const braid::Message& message : batch) position.done(message.offset());
  guard_.committed(topic_, batch.partition(), position.position());
  tell();
}

void CapacityGate::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void CapacityGate::tell() {
  if (waiting_ && guard_.room() >= room_after_wait) changed_.notify_all();
}

}  // namespace clickstream
