#include <braid/routing/recovery.hpp>

#include <utility>

namespace braid::routing {

Backoff fixed(std::chrono::milliseconds pause) {
  return {.kind = Backoff::Kind::fixed, .initial = pause};
}

Backoff exponential(std::chrono::milliseconds initial, std::chrono::milliseconds max, double multiplier,
                    double jitter) {
  return {.kind = Backoff::Kind::exponential,
          .initial = initial,
          .max = max,
          .multiplier = multiplier,
          .jitter = jitter};
}

Backoff backoff(std::function<std::chrono::milliseconds(std::uint32_t, const std::exception_ptr&)> callable) {
  return {.kind = Backoff::Kind::callable, .callable = std::move(callable)};
}

}  // namespace braid::routing
