#include "consumers.hpp"

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
            .retry_backoff(2s)
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
  EXPECT_EQ(topic.retry_backoff, 2s);
  EXPECT_EQ(topic.kafka, (KafkaSettings{{"check.crcs", "true"}, {"fetch.min.bytes", "1"}}));
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
  EXPECT_EQ(topic.retry_backoff, 1s);
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
    r.consumer_group(
        "", [](auto& g) { g.topic("").consumer("", nullptr).max_messages(0).max_wait(-5ms).retry_backoff(0ms); });
  });
  EXPECT_EQ(only_topic(routes).max_messages, 0u);
  EXPECT_EQ(only_topic(routes).max_wait, -5ms);
}

TEST(PartitionBy, FunctionsGiveTheValues) {
  EXPECT_EQ(braid::key().kind, PartitionBy::Kind::message_key);
  EXPECT_EQ(braid::json_field("/user/id").kind, PartitionBy::Kind::json_field);
  EXPECT_EQ(braid::json_field("/user/id").name, "/user/id");
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
        Change{"retry_backoff", [](Routes& r) { topic_of(r).retry_backoff = 5s; }},
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
