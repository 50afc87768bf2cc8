#include "engine/instrumentation/event_hub.hpp"

#include <braid/monitor.hpp>

#include <utility>

namespace braid {

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  end();
  hub_ = std::move(other.hub_);
  id_ = std::exchange(other.id_, 0);
  return *this;
}

void Subscription::end() noexcept {
  const std::uint64_t id = std::exchange(id_, 0);
  if (id == 0) return;
  if (const auto hub = hub_.lock()) hub->unsubscribe(id);
}

void Subscription::keep() noexcept {
  id_ = 0;
}

Monitor::Monitor() : Monitor(Settings()) {}
Monitor::Monitor(Settings settings) : hub_(std::make_shared<engine::EventHub>(std::move(settings))) {}

Monitor::~Monitor() {
  hub_->close();
}

Subscription Monitor::add(std::uint64_t kinds, std::function<void(const Event&, Moment)> function) {
  return {hub_, hub_->subscribe(kinds, std::move(function))};
}

bool Monitor::flush(std::chrono::milliseconds timeout) {
  return hub_->flush(timeout);
}

std::uint64_t Monitor::dropped() const {
  return hub_->dropped();
}

}  // namespace braid
