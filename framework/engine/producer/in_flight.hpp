#pragma once

#include "engine/producer/delivery_state.hpp"

#include <braid/record.hpp>

#include <any>
#include <cstdint>
#include <memory>

namespace braid::engine {

// One record that was sent, until its report; a client carries its token. Most that anybody wants to hear of needs
// memory for it; a record without callback, label and waiter is its number alone.
struct InFlight {
  std::uint64_t sequence = 0;
  OnDelivery on_delivery{};
  std::shared_ptr<DeliveryState> state{};
  std::any label{};
};

// A token is an address, which is even, or a number and a 1 behind it. Thread: values.
[[nodiscard]] inline std::uint64_t token_of(const InFlight* in_flight, std::uint64_t sequence) {
  return in_flight != nullptr ? reinterpret_cast<std::uint64_t>(in_flight) : sequence << 1U | 1U;
}
[[nodiscard]] inline InFlight* in_flight_of(std::uint64_t token) {
  return (token & 1U) != 0 ? nullptr : reinterpret_cast<InFlight*>(token);
}
[[nodiscard]] inline std::uint64_t sequence_of(std::uint64_t token) {
  const InFlight* const in_flight = in_flight_of(token);
  return in_flight != nullptr ? in_flight->sequence : token >> 1U;
}

}  // namespace braid::engine
