#pragma once

#include <braid/routing/problem.hpp>
#include <braid/routing/routes.hpp>

#include <vector>

namespace braid::routing {

// Every mistake in the routes, in the order of the tree; none means that they may run. Pure.
[[nodiscard]] std::vector<Problem> validate(const Routes& routes);

// Throws InvalidRoutes with all of validate()'s problems, if there are any.
void require_valid(const Routes& routes);

}  // namespace braid::routing
