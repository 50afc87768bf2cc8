#pragma once

#include "engine/listener/listener.hpp"
#include "unit/engine/bell.hpp"

#include <cstddef>
#include <memory>
#include <utility>

namespace braid::engine {

// Of a listener of the routes' first subscription group, with a mailbox and tables that nobody else has. `time` is
// clock and waiter; it, log and host outlive the listener.
template <class Time>
Listener::Parts listener_parts(std::unique_ptr<ConsumerClient> client, std::shared_ptr<JobPool> pool,
                               const std::shared_ptr<const routing::Routes>& routes, Time& time, Log& log,
                               ListenerHost& host) {
  const auto& group = routes->consumer_groups.front();
  return {.client = std::move(client),
          .mailbox = std::make_shared<Mailbox>(std::make_shared<test_support::Bell>()),
          .pool = std::move(pool),
          .jobs = std::make_shared<PartitionJobsTable>(),
          .limits = std::make_shared<Limits>(std::size_t{1} << 20),
          .counters = std::make_shared<Counters>(),
          .routes = routes,
          .group = &group,
          .subscription_group = &group.subscription_groups.front(),
          .clock = &time,
          .waiter = &time,
          .log = &log,
          .host = &host};
}

}  // namespace braid::engine
