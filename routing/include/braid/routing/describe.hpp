#pragma once

#include <braid/routing/routes.hpp>

#include <string>

namespace braid::routing {

// The routes as an indented tree for people, each line ended; for logs and `--routes` switches, not for parsing.
// Takes invalid routes too.
[[nodiscard]] std::string describe(const Routes& routes);

}  // namespace braid::routing
