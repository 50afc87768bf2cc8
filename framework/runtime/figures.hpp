#pragma once

#include "engine/instrumentation/counters.hpp"

#include <braid/application.hpp>

namespace braid::runtime {

// What an application has counted so far, as its users see it.
[[nodiscard]] Figures figures_of(const engine::Counters& counters);

}  // namespace braid::runtime
