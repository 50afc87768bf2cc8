#pragma once

#include "topic_rules.hpp"

#include <vector>

namespace braid::routing {

// What the filters of a topic have wrong, each by itself and beside the others. Pure.
[[nodiscard]] std::vector<Breach> filter_breaches(const Topic& topic);

}  // namespace braid::routing
