#pragma once

#include "topic_rules.hpp"

#include <braid/routing/routes.hpp>

#include <string>
#include <vector>

// Rules of what follows when user code fails. Pure.

namespace braid::routing {

// What retries have wrong by themselves, whichever element sets them.
[[nodiscard]] std::vector<Breach> retries_breaches(const Retries& retries);

// What a topic's settings for failures have wrong, beside each other and beside its other options; not its retries
// by themselves, which may be inherited.
[[nodiscard]] std::vector<Breach> recovery_breaches(const Topic& topic);

// The same meaning; callables are compared by whether there is one.
[[nodiscard]] bool same(const Retries& left, const Retries& right);

// Dead letters that come back to where they were sent from, by way of topics that `group` consumes itself.
struct DeadLetterCircle {
  const Topic* topic;   // the first of the circle, in the order of the routes
  std::string message;  // names them all
};
[[nodiscard]] std::vector<DeadLetterCircle> dead_letter_circles(const ConsumerGroup& group);

}  // namespace braid::routing
