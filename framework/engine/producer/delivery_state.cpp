#include "engine/producer/delivery_state.hpp"

#include "engine/producer/serve_turn.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace braid {

bool DeliveryHandle::ready() const {
  return state_->settled();
}

Result<Delivery> DeliveryHandle::wait(std::chrono::milliseconds timeout) const {
  const bool would_wait_for_itself = engine::ServeTurn::serves_here();
  const auto most = would_wait_for_itself ? std::chrono::milliseconds(0) : timeout;
  return engine::outcome_of(state_->wait_until(std::chrono::steady_clock::now() + most), most);
}

std::size_t ManyDelivered::delivered() const {
  return static_cast<std::size_t>(std::ranges::count_if(each, [](const Delivery& one) { return one.ok(); }));
}

}  // namespace braid

namespace braid::engine {

Result<Delivery> outcome_of(std::optional<Delivery> delivery, std::chrono::milliseconds waited) {
  if (!delivery) {
    return Error(Error::Kind::timed_out,
                 fmt::format("no delivery report after {} ms; the record is still being sent", waited.count()),
                 true);
  }
  if (delivery->error) return *delivery->error;
  return *std::move(delivery);
}

}  // namespace braid::engine
