#pragma once

#include "engine/listener/requests.hpp"
#include "runtime/common.hpp"

#include <braid/application.hpp>
#include <braid/partition_control.hpp>
#include <braid/snapshot.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

// What operators ask of an application, and tell it. Thread: any.

namespace braid::runtime {

// All but what the application alone knows: state, client_id, concurrency.
[[nodiscard]] ApplicationSnapshot take_snapshot(const Common& common, std::chrono::milliseconds patience);
[[nodiscard]] ConfigurationSnapshot configuration_of(const Settings& settings, const routing::Routes& routes,
                                                     std::uint32_t concurrency);

// Throw as PartitionControl.
[[nodiscard]] engine::SteerOrder pause_order(std::optional<std::chrono::milliseconds> duration);
[[nodiscard]] engine::SteerOrder seek_order(const SeekTarget& target);
[[nodiscard]] Result<std::uint32_t> steer(const Common& common, engine::SteerOrder order,
                                          const PartitionChoice& choice);

}  // namespace braid::runtime
