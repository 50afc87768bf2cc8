#pragma once

#include "engine/ports/log.hpp"
#include "engine/transactions/transactional_producers.hpp"
#include "runtime/node.hpp"

#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>

#include <memory>
#include <string>
#include <vector>

namespace braid::runtime {

// What of the settings topics that are exactly once can't work with, in words, behind what is there. Thread: any.
void check_transactions(const Settings& settings, const routing::Routes& routes,
                        std::vector<std::string>& problems);

// The transactional producers of an application; null where no topic is exactly once. Throws std::invalid_argument
// for a setting that the client refuses. `log` and what it writes to outlive `keeps`.
[[nodiscard]] std::shared_ptr<engine::TransactionalProducers> make_transactional_producers(
    const Settings& settings, const Node& node, const routing::Routes& routes, std::shared_ptr<const void> keeps,
    engine::Log& log);

}  // namespace braid::runtime
