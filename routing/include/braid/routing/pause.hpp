#pragma once

#include <braid/routing/recovery.hpp>

#include <chrono>
#include <cstdint>

namespace braid::routing {

// How long to wait behind the failure of that number in a row, from 1, whatever it is that failed: an attempt, a
// connection, a process. `random` is from 0 to 1, and draws what `jitter` leaves to chance; with 0 the pause is the
// full one. A callable's pause is `initial` here: who has called it knows better. Pure. Thread: any.
[[nodiscard]] std::chrono::nanoseconds pause_behind(const Backoff& backoff, std::uint32_t failure,
                                                    double random = 0.0);

}  // namespace braid::routing
