#pragma once

#include "engine/ports/clock.hpp"
#include "runtime/common.hpp"

#include <braid/application.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace braid::runtime {

// What an application tells of itself as events. Thread: as Application.

// What goes wrong with subscribers goes to the application's log, as long as it is there.
void tell_trouble_to_log(const std::shared_ptr<Common>& common);
void tell_started(const Common& common, std::size_t topics, std::uint32_t workers);
void tell_stopping(const Common& common, std::chrono::milliseconds timeout, bool at_once);
// The last one; waits a moment until all have been delivered.
void tell_stopped(const Common& common, const StopReport& report, engine::Duration took);

}  // namespace braid::runtime
