#include "consumers.hpp"

#include <braid/recovery.hpp>
#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::Audit;
using routing_test::Totals;

const Topic& only_topic(const Routes& routes) {
  return routes.consumer_groups.at(0).subscription_groups.at(0).topics.at(0);
}

TEST(Draw, RecordsEveryOptionThroughGenericLambdas) {
  const auto routes = draw([](auto& r) {
    r.consumer_group("analytics", [](auto& g) {
      g.subscription_group("clicks", [](auto& s) {
        s.connections({.count = 2});
        s.kafka("fetch.min.bytes", "1");
        s.topic("ecommerce.events")
            .template consumer<Totals>()
            .max_messages(1000)
            .max_wait(100ms)
            .virtual_partitions({.by = braid::header("user"), .max_partitions = 16})
            .flow(braid::Flow::batch)
            .initial_offset(braid::InitialOffset::latest)
            .kafka("check.crcs", true);
      });
    });
  });

  ASSERT_EQ(routes.consumer_groups.size(), 1u);
  EXPECT_EQ(routes.consumer_groups[0].id, "analytics");
  const SubscriptionGroup& group = routes.consumer_groups[0].subscription_groups.at(0);
  EXPECT_EQ(group.id, "clicks");
  EXPECT_EQ(group.connections.count, 2u);
  const Topic& topic = only_topic(routes);
  EXPECT_EQ(topic.name, "ecommerce.events");
  EXPECT_EQ(topic.consumer_name, "Totals");
  EXPECT_EQ(topic.max_messages, 1000u);
  EXPECT_EQ(topic.max_wait, 100ms);
  EXPECT_EQ(topic.virtual_partitions.by.kind, PartitionBy::Kind::header);
  EXPECT_EQ(topic.virtual_partitions.by.name, "user");
  EXPECT_EQ(topic.virtual_partitions.max_partitions, 16u);
  EXPECT_EQ(topic.initial_offset, InitialOffset::latest);
  EXPECT_EQ(topic.kafka, (KafkaSettings{{"check.crcs", "true"}, {"fetch.min.bytes", "1"}}));
}

TEST(Draw, RecordsTheOptionsOfTheWholeEngine) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("analytics", [](auto& g) {
      g.subscription_group("clicks", [](auto& s) {
        s.max_concurrency(3);
        s.topic("events")
            .template consumer<Totals>()
            .virtual_partitions({.reducer = braid::sticky(), .null_keys = braid::NullKeys::together})
            .order(braid::Order::by_key)
            .flow(braid::Flow::continuous)
            .max_queued(11)
            .max_open_offsets(12)
            .max_window(13)
            .max_bytes(14)
            .hold_copy_after(19ms)
            .max_concurrency(15)
            .max_in_flight(16)
            .offsets(braid::Offsets::manual)
            .commit({.when = braid::Commit::When::after_batch, .sync = true})
            .end_of_partition()
            .tick_every(17ms)
            .ticket_timeout(18ms)
            .on_ticket_timeout(braid::OnTicketTimeout::retry);
      });
    });
  });
  EXPECT_EQ(routes.consumer_groups.at(0).subscription_groups.at(0).max_concurrency, 3u);
  const Topic& topic = only_topic(routes);
  EXPECT_EQ(topic.virtual_partitions.reducer.kind, Reducer::Kind::sticky);
  EXPECT_EQ(topic.virtual_partitions.null_keys, NullKeys::together);
  EXPECT_EQ(topic.flow, Flow::continuous);
  EXPECT_EQ(topic.max_queued, 11u);
  EXPECT_EQ(topic.max_open_offsets, 12u);
  EXPECT_EQ(topic.max_window, 13u);
  EXPECT_EQ(topic.max_bytes, 14u);
  EXPECT_EQ(topic.hold_copy_after, 19ms);
  EXPECT_EQ(topic.max_concurrency, 15u);
  EXPECT_EQ(topic.max_in_flight, 16u);
  EXPECT_EQ(topic.offsets, Offsets::manual);
  EXPECT_EQ(topic.commit.when, Commit::When::after_batch);
  EXPECT_TRUE(topic.commit.sync);
  EXPECT_TRUE(topic.end_of_partition);
  EXPECT_EQ(topic.tick_every, 17ms);
  EXPECT_EQ(topic.ticket_timeout, 18ms);
  EXPECT_EQ(topic.on_ticket_timeout, OnTicketTimeout::retry);
}

TEST(Draw, AnOrderIsAnotherNameForABy) {
  const auto by_of = [](Order order) {
    const Routes routes = draw([&](RoutesBuilder& r) {
      // In whatever order they are said: the other settings stay.
      TopicBuilder topic = r.consumer_group("g").topic("t");
      topic.order(order).virtual_partitions({.max_partitions = 5});
    });
    EXPECT_EQ(only_topic(routes).virtual_partitions.max_partitions, 5u);
    return only_topic(routes).virtual_partitions.by.kind;
  };
  EXPECT_EQ(by_of(Order::unordered), PartitionBy::Kind::round_robin);
  EXPECT_EQ(by_of(Order::by_key), PartitionBy::Kind::message_key);
  EXPECT_EQ(by_of(Order::by_partition), PartitionBy::Kind::partition);
  const auto drawn = [](auto set) {
    return draw([&](RoutesBuilder& r) {
      TopicBuilder topic = r.consumer_group("g").topic("t");
      set(topic);
    });
  };
  EXPECT_TRUE(drawn([](auto& t) { t.order(Order::unordered); }) ==
              drawn([](auto& t) { t.virtual_partitions({.by = braid::round_robin()}); }));
}

TEST(Draw, TakesNamedBuilderTypes) {
  const Routes routes = draw([](RoutesBuilder& r) {
    r.consumer_group("g", [](ConsumerGroupBuilder& g) {
      g.subscription_group("s", [](SubscriptionGroupBuilder& s) {
        s.connections(3);
        TopicBuilder topic = s.topic("t");
        topic.consumer<Totals>();
      });
    });
  });
  EXPECT_EQ(routes.consumer_groups.at(0).subscription_groups.at(0).connections.count, 3u);
  EXPECT_EQ(only_topic(routes).consumer_name, "Totals");
}

TEST(Draw, DefaultsAreTheDocumentedOnes) {
  const Routes routes =
      draw([](auto& r) { r.consumer_group("g", [](auto& g) { g.topic("t").template consumer<Totals>(); }); });
  const Topic& topic = only_topic(routes);
  EXPECT_EQ(topic.max_messages, 100u);
  EXPECT_EQ(topic.max_wait, 0ms);
  EXPECT_EQ(topic.virtual_partitions.by.kind, PartitionBy::Kind::message_key);
  EXPECT_FALSE(topic.virtual_partitions.max_partitions.has_value());
  EXPECT_EQ(topic.virtual_partitions.reducer.kind, Reducer::Kind::hash);
  EXPECT_EQ(topic.flow, Flow::batch);
  EXPECT_EQ(topic.initial_offset, InitialOffset::earliest);
  EXPECT_EQ(topic.virtual_partitions.null_keys, NullKeys::round_robin);
  EXPECT_EQ(topic.max_queued, 10'000u);
  EXPECT_EQ(topic.max_open_offsets, 100'000u);
  EXPECT_EQ(topic.max_window, 16'777'216u);
  EXPECT_EQ(topic.max_bytes, 64u << 20);
  EXPECT_EQ(topic.hold_copy_after, 1s);
  EXPECT_FALSE(topic.max_concurrency.has_value());
  EXPECT_EQ(topic.max_in_flight, 10'000u);
  EXPECT_EQ(topic.offsets, Offsets::automatic);
  EXPECT_EQ(topic.commit.when, Commit::When::interval);
  EXPECT_FALSE(topic.commit.sync || topic.commit.interval);
  EXPECT_FALSE(topic.end_of_partition || topic.tick_every || topic.ticket_timeout);
  EXPECT_EQ(topic.on_ticket_timeout, OnTicketTimeout::stop);
  EXPECT_TRUE(topic.kafka.empty());
}

TEST(Draw, ConsumersAreMadeByClassFactoryOrName) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("g", [](auto& g) {
      g.topic("a").template consumer<Totals>();
      g.topic("b").template consumer<Audit>([] { return std::make_unique<Audit>("here"); });
      g.topic("c").consumer("by_name", [] { return std::make_unique<Totals>(); });
    });
  });
  const auto& topics = routes.consumer_groups.at(0).subscription_groups.at(0).topics;
  ASSERT_EQ(topics.size(), 3u);
  EXPECT_NE(dynamic_cast<Totals*>(topics[0].consumer().get()), nullptr);
  EXPECT_EQ(topics[1].consumer_name, "Audit");
  EXPECT_NE(dynamic_cast<Audit*>(topics[1].consumer().get()), nullptr);
  EXPECT_EQ(topics[2].consumer_name, "by_name");
  EXPECT_NE(dynamic_cast<Totals*>(topics[2].consumer().get()), nullptr);
}

TEST(Draw, TopicsOfAConsumerGroupShareAnImplicitSubscriptionGroup) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("g", [](auto& g) {
      g.topic("a");
      g.subscription_group("s", [](auto& s) { s.topic("b"); });
      g.topic("c");
    });
  });
  const auto& groups = routes.consumer_groups.at(0).subscription_groups;
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].id, "g");
  ASSERT_EQ(groups[0].topics.size(), 2u);
  EXPECT_EQ(groups[0].topics[1].name, "c");
  EXPECT_EQ(groups[1].id, "s");
}

TEST(Draw, HandlesStayGoodWhileMoreIsAdded) {
  const Routes routes = draw([](RoutesBuilder& r) {
    ConsumerGroupBuilder first = r.consumer_group("first");
    SubscriptionGroupBuilder group = first.subscription_group("s");
    TopicBuilder topic = group.topic("t0");
    for (int i = 1; i < 1000; ++i) {
      r.consumer_group("g" + std::to_string(i));
      first.subscription_group("s" + std::to_string(i));
      group.topic("t" + std::to_string(i));
    }
    topic.max_messages(7);
  });
  EXPECT_EQ(only_topic(routes).max_messages, 7u);
}

TEST(Draw, TheNearestKafkaSettingWins) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("g", [](auto& g) {
      g.subscription_group("s", [](auto& s) {
        s.topic("t").kafka("c", "topic").kafka("d", 4);
        s.kafka("b", "subscription group").kafka("c", "subscription group");
      });
      // Set after the topic was declared: inheritance does not depend on the order.
      g.kafka("a", "group").kafka("b", "group").kafka("c", "group");
    });
  });
  const ConsumerGroup& group = routes.consumer_groups.at(0);
  EXPECT_EQ(group.kafka, (KafkaSettings{{"a", "group"}, {"b", "group"}, {"c", "group"}}));
  EXPECT_EQ(group.subscription_groups.at(0).kafka,
            (KafkaSettings{{"a", "group"}, {"b", "subscription group"}, {"c", "subscription group"}}));
  const KafkaSettings of_topic{{"a", "group"}, {"b", "subscription group"}, {"c", "topic"}, {"d", "4"}};
  EXPECT_EQ(only_topic(routes).kafka, of_topic);
  EXPECT_EQ(client_settings(group.subscription_groups.at(0)), of_topic);
}

TEST(Draw, BadValuesAreRecordedNotThrown) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("", [](auto& g) { g.topic("").consumer("", nullptr).max_messages(0).max_wait(-5ms); });
  });
  EXPECT_EQ(only_topic(routes).max_messages, 0u);
  EXPECT_EQ(only_topic(routes).max_wait, -5ms);
}

TEST(PartitionBy, FunctionsGiveTheValues) {
  EXPECT_EQ(braid::key().kind, PartitionBy::Kind::message_key);
  EXPECT_EQ(braid::json_field("/user/id").kind, PartitionBy::Kind::json_field);
  EXPECT_EQ(braid::json_field("/user/id").name, "/user/id");
  EXPECT_EQ(braid::round_robin().kind, PartitionBy::Kind::round_robin);
  EXPECT_EQ(braid::partition().kind, PartitionBy::Kind::partition);
  EXPECT_EQ(braid::balanced().kind, Reducer::Kind::balanced);
  EXPECT_EQ(braid::sticky().kind, Reducer::Kind::sticky);
  const PartitionBy by = braid::partition_by([](const braid::Message&) { return std::uint64_t{7}; });
  EXPECT_EQ(by.kind, PartitionBy::Kind::callable);
  ASSERT_TRUE(by.callable);
  const Reducer reducer = braid::reduce_by([](const braid::PartitionKey&, std::uint32_t most) { return most - 1; });
  EXPECT_EQ(reducer.kind, Reducer::Kind::callable);
  EXPECT_EQ(reducer.callable("x", 8), 7u);
}

template <class T>
class Generic : public braid::Consumer {
 public:
  void consume(braid::Batch&) override {}
};

TEST(ClassName, IsUnqualified) {
  class Local : public Totals {};
  EXPECT_EQ(consumer_class_name<Totals>(), "Totals");
  EXPECT_EQ(consumer_class_name<Local>(), "Local");
  EXPECT_EQ(consumer_class_name<Generic<int>>(), "Generic<int>");
  EXPECT_EQ(consumer_class_name<Generic<Totals>>(), "Generic<routing_test::Totals>");
  EXPECT_EQ(unqualified("Plain"), "Plain");
  EXPECT_EQ(unqualified("a::(anonymous namespace)::Totals"), "Totals");
  EXPECT_EQ(unqualified("f(a::B)::{lambda()#1}::operator()() const::Totals"), "Totals");
  EXPECT_EQ(unqualified(""), "");
}

// Each changes one thing of the base routes.
struct Change {
  const char* what;
  void (*apply)(Routes& routes);
};
Topic& topic_of(Routes& routes) {
  return routes.consumer_groups[0].subscription_groups[0].topics[0];
}

class RoutesEquality : public testing::TestWithParam<Change> {};

Routes base() {
  return draw([](auto& r) { r.consumer_group("g", [](auto& g) { g.topic("t").template consumer<Totals>(); }); });
}

TEST_P(RoutesEquality, SeesTheDifference) {
  Routes changed = base();
  GetParam().apply(changed);
  EXPECT_FALSE(changed == base()) << GetParam().what;
}

TEST(Draw, AFixedNumberOfConnectionsIsBothBounds) {
  const auto drawn = [](const Connections& connections) {
    return draw([&](RoutesBuilder& r) {
      r.consumer_group("g", [&](ConsumerGroupBuilder& g) { g.subscription_group("s").connections(connections); });
    });
  };
  EXPECT_TRUE(drawn({.count = 3}) == drawn({.min = 3, .max = 3, .start = 3}));
  EXPECT_TRUE(drawn({}) == drawn({.count = 1}));
  EXPECT_TRUE(drawn({.max = 3}) == drawn({.min = 1, .max = 3, .start = 1}));
  EXPECT_FALSE(drawn({.max = 3}) == drawn({.count = 3}));
}

INSTANTIATE_TEST_SUITE_P(
    All, RoutesEquality,
    testing::Values(
        Change{"group", [](Routes& r) { r.consumer_groups.emplace_back(); }},
        Change{"group_id", [](Routes& r) { r.consumer_groups[0].id = "x"; }},
        Change{"group_kafka", [](Routes& r) { r.consumer_groups[0].kafka["x"] = "1"; }},
        Change{"subscription_group", [](Routes& r) { r.consumer_groups[0].subscription_groups.emplace_back(); }},
        Change{"subscription_group_id", [](Routes& r) { r.consumer_groups[0].subscription_groups[0].id = "x"; }},
        Change{"subscription_group_kafka",
               [](Routes& r) { r.consumer_groups[0].subscription_groups[0].kafka["x"] = "1"; }},
        Change{"connections", [](Routes& r) { r.consumer_groups[0].subscription_groups[0].connections.count = 2; }},
        Change{"connections_max",
               [](Routes& r) { r.consumer_groups[0].subscription_groups[0].connections.max = 2; }},
        Change{"connections_start",
               [](Routes& r) { r.consumer_groups[0].subscription_groups[0].connections.start = 2; }},
        Change{"scale_delay",
               [](Routes& r) { r.consumer_groups[0].subscription_groups[0].connections.scale_delay = 5s; }},
        Change{"topic", [](Routes& r) { r.consumer_groups[0].subscription_groups[0].topics.emplace_back(); }},
        Change{"name", [](Routes& r) { topic_of(r).name = "x"; }},
        Change{"consumer_name", [](Routes& r) { topic_of(r).consumer_name = "x"; }},
        Change{"consumer", [](Routes& r) { topic_of(r).consumer = nullptr; }},
        Change{"max_messages", [](Routes& r) { topic_of(r).max_messages = 1; }},
        Change{"max_wait", [](Routes& r) { topic_of(r).max_wait = 1ms; }},
        Change{"by", [](Routes& r) { topic_of(r).virtual_partitions.by = braid::header("x"); }},
        Change{"by_name", [](Routes& r) { topic_of(r).virtual_partitions.by.name = "x"; }},
        Change{"max_partitions", [](Routes& r) { topic_of(r).virtual_partitions.max_partitions = 1; }},
        Change{"reducer", [](Routes& r) { topic_of(r).virtual_partitions.reducer.kind = Reducer::Kind::callable; }},
        Change{"initial_offset", [](Routes& r) { topic_of(r).initial_offset = InitialOffset::fail; }},
        Change{"initial_age", [](Routes& r) { topic_of(r).initial_age = 1s; }},
        Change{"is_pattern", [](Routes& r) { topic_of(r).is_pattern = true; }},
        Change{"retries_max", [](Routes& r) { topic_of(r).retries.max = 1; }},
        Change{"retries_max_elapsed", [](Routes& r) { topic_of(r).retries.max_elapsed = 1s; }},
        Change{"retries_if", [](Routes& r) { topic_of(r).retries.retry_if = [](auto&&) { return true; }; }},
        Change{"backoff_kind", [](Routes& r) { topic_of(r).retries.backoff.kind = Backoff::Kind::fixed; }},
        Change{"backoff_initial", [](Routes& r) { topic_of(r).retries.backoff.initial = 2s; }},
        Change{"backoff_max", [](Routes& r) { topic_of(r).retries.backoff.max = 2s; }},
        Change{"backoff_multiplier", [](Routes& r) { topic_of(r).retries.backoff.multiplier = 3; }},
        Change{"backoff_jitter", [](Routes& r) { topic_of(r).retries.backoff.jitter = 0.5; }},
        Change{"backoff_callable",
               [](Routes& r) { topic_of(r).retries.backoff.callable = [](auto, auto&&) { return 1ms; }; }},
        Change{"on_failure", [](Routes& r) { topic_of(r).on_failure = OnFailure::collapse; }},
        Change{"on_exhausted", [](Routes& r) { topic_of(r).on_exhausted = OnExhausted::skip; }},
        Change{"max_parked", [](Routes& r) { topic_of(r).max_parked = 1; }},
        Change{"dead_letters_to", [](Routes& r) { topic_of(r).dead_letters.to = DeadLetters::To::discarded; }},
        Change{"dead_letters_topic", [](Routes& r) { topic_of(r).dead_letters.topic = "x"; }},
        Change{"dead_letters_topic_of",
               [](Routes& r) { topic_of(r).dead_letters.topic_of = [](auto&&) { return "x"; }; }},
        Change{"dead_letters_strategy",
               [](Routes& r) { topic_of(r).dead_letters.strategy = [](auto&&) { return Decision::skip; }; }},
        Change{"dead_letters_hook",
               [](Routes& r) { topic_of(r).dead_letters.on_dead_letter = [](braid::DeadLetter&) {}; }},
        Change{"null_keys", [](Routes& r) { topic_of(r).virtual_partitions.null_keys = NullKeys::together; }},
        Change{"flow", [](Routes& r) { topic_of(r).flow = Flow::continuous; }},
        Change{"max_queued", [](Routes& r) { topic_of(r).max_queued = 1; }},
        Change{"max_open_offsets", [](Routes& r) { topic_of(r).max_open_offsets = 1; }},
        Change{"max_window", [](Routes& r) { topic_of(r).max_window = 1; }},
        Change{"max_bytes", [](Routes& r) { topic_of(r).max_bytes = 1; }},
        Change{"hold_copy_after", [](Routes& r) { topic_of(r).hold_copy_after = 2s; }},
        Change{"hold_copy_never", [](Routes& r) { topic_of(r).hold_copy_after.reset(); }},
        Change{"max_concurrency", [](Routes& r) { topic_of(r).max_concurrency = 1; }},
        Change{"max_in_flight", [](Routes& r) { topic_of(r).max_in_flight = 1; }},
        Change{"offsets", [](Routes& r) { topic_of(r).offsets = Offsets::manual; }},
        Change{"commit_when", [](Routes& r) { topic_of(r).commit.when = Commit::When::manual; }},
        Change{"commit_sync", [](Routes& r) { topic_of(r).commit.sync = true; }},
        Change{"commit_interval", [](Routes& r) { topic_of(r).commit.interval = 1s; }},
        Change{"end_of_partition", [](Routes& r) { topic_of(r).end_of_partition = true; }},
        Change{"tick_every", [](Routes& r) { topic_of(r).tick_every = 1s; }},
        Change{"ticket_timeout", [](Routes& r) { topic_of(r).ticket_timeout = 1s; }},
        Change{"max_processing_time", [](Routes& r) { topic_of(r).max_processing_time = 1s; }},
        Change{"stalled_after", [](Routes& r) { topic_of(r).stalled_after = 1s; }},
        Change{"on_ticket_timeout", [](Routes& r) { topic_of(r).on_ticket_timeout = OnTicketTimeout::retry; }},
        Change{"group_max_concurrency",
               [](Routes& r) { r.consumer_groups[0].subscription_groups[0].max_concurrency = 1; }},
        Change{"kafka", [](Routes& r) { topic_of(r).kafka["x"] = "1"; }}),
    [](const auto& each) { return std::string(each.param.what); });

TEST(RoutesEquality, IgnoresPlacesAndWhichFunctionItIs) {
  Routes other = base();
  topic_of(other).location = {.file = "x", .line = 1, .column = 1};
  topic_of(other).option_locations["name"] = {.file = "x", .line = 1, .column = 1};
  topic_of(other).consumer = [] { return std::make_unique<Audit>("x"); };
  EXPECT_TRUE(other == base());
}

}  // namespace
