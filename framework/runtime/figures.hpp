#pragma once

#include "engine/instrumentation/counters.hpp"
#include "engine/listener/left_share.hpp"

#include <braid/application.hpp>

#include <string>

namespace braid::runtime {

// What an application has counted so far, as its users see it.
[[nodiscard]] Figures figures_of(const engine::Counters& counters);
[[nodiscard]] LeftShare left_share_of(const engine::LeftShare& left);
// A line for people.
[[nodiscard]] std::string describe(const Figures& figures);

}  // namespace braid::runtime
