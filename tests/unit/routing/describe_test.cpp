#include "consumers.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::Totals;

TEST(Describe, ReadsAsATree) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("analytics", [](auto& g) {
      g.subscription_group("clicks", [](auto& s) {
        s.connections(2).kafka("fetch.min.bytes", 1);
        s.topic("events").template consumer<Totals>().max_wait(1500ms).virtual_partitions(
            {.by = braid::json_field("user_id"), .max_partitions = 16});
        s.topic("logins");
      });
    });
  });
  EXPECT_EQ(describe(routes),
            "consumer group analytics\n"
            "  subscription group clicks, 2 connections\n"
            "    kafka fetch.min.bytes = 1\n"
            "    topic events -> Totals\n"
            "      batches: up to 100 messages, within 1500ms; flow batch\n"
            "      virtual partitions: by JSON field 'user_id', at most 16, reduced by hash\n"
            "      starts at: earliest; retries after 1s\n"
            "    topic logins -> no consumer\n"
            "      batches: up to 100 messages, at once; flow batch\n"
            "      virtual partitions: by message key, at most 8 x concurrency, at least 64, reduced by hash\n"
            "      starts at: earliest; retries after 1s\n");
  EXPECT_EQ(describe(Routes{}), "no consumer groups\n");
}

}  // namespace
