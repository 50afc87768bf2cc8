#pragma once

#include <braid/routing/builders.hpp>
#include <braid/routing/partition_by.hpp>
#include <braid/routing/routes.hpp>

#include <utility>

namespace braid::routing {

// Routes from C++:
//
//   auto routes = braid::routing::draw([](auto& r) {
//     r.consumer_group("analytics", [](auto& g) {
//       g.subscription_group("clicks", [](auto& s) {
//         s.connections(2);
//         s.topic("ecommerce.events").template consumer<Totals>().max_messages(1000).max_wait(100ms)
//             .virtual_partitions({.by = braid::key(), .max_partitions = 16});
//       });
//     });
//   });
//
// `auto&` may be RoutesBuilder&, ConsumerGroupBuilder&, SubscriptionGroupBuilder&; `template` is then not needed.
// Records only: bad values throw nothing here; validate() finds them all, and the application calls it.
template <class Drawing>
[[nodiscard]] Routes draw(Drawing&& drawing) {
  RoutesBuilder builder;
  std::forward<Drawing>(drawing)(builder);
  return builder.build();
}

}  // namespace braid::routing
