#include <braid/routing/pause.hpp>

#include <algorithm>
#include <cmath>

namespace braid::routing {

std::chrono::nanoseconds pause_behind(const Backoff& backoff, std::uint32_t failure, double random) {
  double pause = static_cast<double>(backoff.initial.count());
  if (backoff.kind == Backoff::Kind::exponential) {
    // In floating point it grows to infinity at worst, which the maximum bounds.
    pause *= std::pow(std::max(backoff.multiplier, 1.0), static_cast<double>(std::max(failure, 1U) - 1));
    pause = std::min(pause, static_cast<double>(backoff.max.count()));
    pause *= 1.0 - std::clamp(backoff.jitter, 0.0, 1.0) * std::clamp(random, 0.0, 1.0);
  }
  const std::chrono::duration<double, std::milli> exact(std::max(pause, 0.0));
  return std::chrono::duration_cast<std::chrono::nanoseconds>(exact);
}

}  // namespace braid::routing
