#pragma once

#include "topic_rules.hpp"

#include <braid/routing/routes.hpp>

#include <vector>

namespace braid::routing {

// What the connections of a subscription group have wrong. Pure.
[[nodiscard]] std::vector<Breach> breaches(const Connections& connections);

}  // namespace braid::routing
