#pragma once

#include <braid/routing/routes.hpp>

#include <string>

namespace braid::routing {

// What follows when the topic's consumer fails, in lines as describe() has them; "" where nothing is set. Pure.
[[nodiscard]] std::string describe_recovery(const Topic& topic);

}  // namespace braid::routing
