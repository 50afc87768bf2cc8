#include "consumers.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

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
            "      starts at: earliest\n"
            "    topic logins -> no consumer\n"
            "      batches: up to 100 messages, at once; flow batch\n"
            "      virtual partitions: by message key, at most 8 x concurrency, at least 64, reduced by hash\n"
            "      starts at: earliest\n");
  EXPECT_EQ(describe(Routes{}), "no consumer groups\n");
}

TEST(Describe, SaysBetweenWhichBoundsConnectionsAre) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("g", [](auto& g) { g.subscription_group("s").connections({.min = 1, .max = 3, .start = 2}); });
  });
  EXPECT_EQ(describe(routes),
            "consumer group g\n"
            "  subscription group s, 1 to 3 connections, 2 at the start, a change after 1m\n");
}

TEST(Describe, SaysWhatIsNotTheDefault) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("g", [](auto& g) {
      g.subscription_group("s", [](auto& s) {
        s.max_concurrency(2);
        s.topic("a")
            .template consumer<Totals>()
            .order(Order::unordered)
            .virtual_partitions({.max_partitions = 4, .reducer = braid::sticky()})
            .flow(Flow::continuous)
            .max_queued(50)
            .max_bytes(1 << 20)
            .hold_copy_after(std::nullopt)
            .max_concurrency(7)
            .offsets(Offsets::manual)
            .commit({.when = Commit::When::after_batch, .sync = true})
            .end_of_partition()
            .tick_every(5s)
            .ticket_timeout(30s)
            .on_ticket_timeout(OnTicketTimeout::retry);
        s.topic("b")
            .template consumer<Totals>()
            .virtual_partitions({.max_partitions = 4, .null_keys = NullKeys::together})
            .hold_copy_after(5s)
            .commit({.interval = 2s});
      });
    });
  });
  EXPECT_EQ(describe(routes),
            "consumer group g\n"
            "  subscription group s, 1 connection, at most 2 jobs at once\n"
            "    topic a -> Totals\n"
            "      batches: up to 100 messages, at once; flow continuous\n"
            "      virtual partitions: by round robin, at most 4, reduced by sticky\n"
            "      bounds: max_queued 50, max_bytes 1 MiB, hold_copy_after never, max_concurrency 7\n"
            "      offsets: manual, what is marked is done\n"
            "      commits: after each batch, which what follows waits for\n"
            "      hooks: at the end of a partition, each 5s\n"
            "      tickets: overdue after 30s, then tried again\n"
            "      starts at: earliest\n"
            "    topic b -> Totals\n"
            "      batches: up to 100 messages, at once; flow batch\n"
            "      virtual partitions: by message key, at most 4, reduced by hash, null keys together\n"
            "      bounds: hold_copy_after 5s\n"
            "      commits: each 2s\n"
            "      starts at: earliest\n");
}

TEST(Describe, SaysWhatOneTransactionHolds) {
  const auto described = [](auto&& set) {
    return describe(draw([&](RoutesBuilder& r) {
      TopicBuilder topic = r.consumer_group("g").topic("t");
      set(topic);
    }));
  };
  EXPECT_EQ(described([](TopicBuilder&) {}).find("exactly once"), std::string::npos);
  EXPECT_NE(described([](TopicBuilder& t) {
              t.delivery(Delivery::exactly_once);
            }).find("exactly once: a transaction of up to 1 batches, or 100ms"),
            std::string::npos);
  EXPECT_NE(described([](TopicBuilder& t) {
              t.delivery(Delivery::exactly_once).transaction_batches(7).transaction_interval(2s);
            }).find("exactly once: a transaction of up to 7 batches, or 2s"),
            std::string::npos);
}

TEST(Describe, NamesEveryCommitPolicy) {
  const auto commits = [](Commit commit) {
    const std::string text =
        describe(draw([&](RoutesBuilder& r) { r.consumer_group("g").topic("t").commit(commit); }));
    const std::size_t from = text.find("commits: ");
    return from == std::string::npos ? "" : text.substr(from + 9, text.find('\n', from) - from - 9);
  };
  EXPECT_EQ(commits({}), "");
  EXPECT_EQ(commits({.when = Commit::When::each_message}), "after each message");
  EXPECT_EQ(commits({.when = Commit::When::manual}), "when a consumer asks");
  EXPECT_EQ(commits({.when = Commit::When::before_processing}), "before processing: at most once");
  EXPECT_EQ(commits({.when = Commit::When::external}), "into an offset store");
}

}  // namespace
