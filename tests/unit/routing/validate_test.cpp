#include "consumers.hpp"

#include <braid/routing/draw.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::lines;
using routing_test::Totals;
using Lines = std::vector<std::string>;

// The problems of one otherwise valid topic: analytics / clicks / events.
Lines with_topic(const std::function<void(TopicBuilder&)>& set) {
  return lines(validate(draw([&](RoutesBuilder& r) {
    r.consumer_group("analytics", [&](ConsumerGroupBuilder& g) {
      g.subscription_group("clicks", [&](SubscriptionGroupBuilder& s) {
        TopicBuilder topic = s.topic("events");
        topic.consumer<Totals>();
        set(topic);
      });
    });
  })));
}

Lines topic_problem(const std::string& message) {
  return {"analytics / clicks / events: " + message};
}

// The problems of a group drawn by `set`.
Lines with_group(const std::function<void(ConsumerGroupBuilder&)>& set, const std::string& id = "analytics") {
  return lines(validate(draw([&](RoutesBuilder& r) { r.consumer_group(id, set); })));
}

void topic(ConsumerGroupBuilder& g, const std::string& subscription_group, const std::string& name) {
  g.subscription_group(subscription_group, [&](auto& s) { s.topic(name).template consumer<Totals>(); });
}

TEST(Validate, FindsNothingWrongWithGoodRoutes) {
  EXPECT_EQ(with_topic([](TopicBuilder&) {}), Lines{});
  EXPECT_EQ(with_topic([](TopicBuilder& t) {
              t.max_messages(1'000'000).max_open_offsets(2'000'000).max_wait(1h).virtual_partitions(
                  {.by = braid::json_field("user_id"), .max_partitions = 1'000'000});
            }),
            Lines{});
}

TEST(Validate, RoutesMustHaveAConsumerGroup) {
  EXPECT_EQ(lines(validate(Routes{})), Lines{"there must be at least one consumer group"});
}

TEST(Validate, AConsumerGroupMustHaveTopics) {
  EXPECT_EQ(with_group([](auto&) {}), Lines{"analytics: there must be at least one subscription group or topic"});
  EXPECT_EQ(with_group([](auto& g) { g.subscription_group("clicks"); }),
            Lines{"analytics / clicks: there must be at least one topic"});
}

TEST(Validate, IdsAndNamesMustNotBeEmpty) {
  EXPECT_EQ(with_group([](auto& g) { topic(g, "", ""); }, ""),
            (Lines{"(consumer group 1): id must not be empty",
                   "(consumer group 1) / (subscription group 1): id must not be empty",
                   "(consumer group 1) / (subscription group 1) / (topic 1): name must not be empty"}));
}

TEST(Validate, IdsMustBeUniqueWhereTheyStand) {
  EXPECT_EQ(lines(validate(draw([](RoutesBuilder& r) {
              for (int i = 0; i < 2; ++i) {
                r.consumer_group("analytics", [&](auto& g) { topic(g, "clicks", "events"); });
              }
            }))),
            Lines{"analytics: id 'analytics' is used by another consumer group already"});
  EXPECT_EQ(with_group([](auto& g) {
              topic(g, "clicks", "a");
              topic(g, "clicks", "b");
            }),
            Lines{"analytics / clicks: id 'clicks' is used by another subscription group of this consumer group "
                  "already"});
}

TEST(Validate, ATopicIsOnceInAConsumerGroup) {
  EXPECT_EQ(with_group([](auto& g) {
              topic(g, "clicks", "events");
              topic(g, "more", "events");
            }),
            Lines{"analytics / more / events: topic 'events' is in this consumer group already"});
}

TEST(Validate, TheSameTopicMayBeInTwoConsumerGroups) {
  EXPECT_EQ(lines(validate(draw([](RoutesBuilder& r) {
              r.consumer_group("a", [&](auto& g) { topic(g, "clicks", "events"); });
              r.consumer_group("b", [&](auto& g) { topic(g, "clicks", "events"); });
            }))),
            Lines{});
}

TEST(Validate, TopicNamesAreLegalInKafka) {
  const auto named = [](const std::string& name) { return with_group([&](auto& g) { topic(g, "clicks", name); }); };
  EXPECT_EQ(named(std::string(249, 'x')), Lines{});
  EXPECT_EQ(named("aZ0._-"), Lines{});
  EXPECT_EQ(named(std::string(250, 'x')), Lines{"analytics / clicks / " + std::string(250, 'x') +
                                                ": name must be at most 249 characters long, is 250"});
  EXPECT_EQ(named(".."), Lines{"analytics / clicks / ..: name must not be '.' or '..'"});
  EXPECT_EQ(named("."), Lines{"analytics / clicks / .: name must not be '.' or '..'"});
  EXPECT_EQ(named("a b"),
            Lines{"analytics / clicks / a b: name may hold letters, digits, '.', '_' and '-' only, is 'a b'"});
}

TEST(Validate, ConsumerGroupIdsAreLegalInKafka) {
  EXPECT_EQ(with_group([](auto& g) { topic(g, "clicks", "events"); }, "a/b"),
            Lines{"a/b: id may hold letters, digits, '.', '_' and '-' only, is 'a/b'"});
}

TEST(Validate, AProblemIsOneLineWhateverTheNames) {
  EXPECT_EQ(with_group([](auto& g) { topic(g, "clicks", "a\nb\x1b"); }),
            Lines{"analytics / clicks / a\\nb\\x1b: name may hold letters, digits, '.', '_' and '-' only, is "
                  "'a\\nb\\x1b'"});
}

TEST(Validate, ATopicMustHaveAConsumer) {
  EXPECT_EQ(with_topic([](auto& t) { t.consumer("Totals", nullptr); }), topic_problem("there must be a consumer"));
  EXPECT_EQ(with_topic([](auto& t) { t.consumer("", [] { return std::make_unique<Totals>(); }); }),
            topic_problem("the consumer must have a name"));
}

TEST(Validate, NumbersAreWithinTheirLimits) {
  EXPECT_EQ(with_topic([](auto& t) { t.max_messages(0); }), topic_problem("max_messages must be at least 1, is 0"));
  EXPECT_EQ(with_topic([](auto& t) { t.max_messages(1'000'001); }),
            topic_problem("max_messages must be at most 1000000, is 1000001"));
  EXPECT_EQ(with_topic([](auto& t) { t.virtual_partitions({.max_partitions = 0}); }),
            topic_problem("max_partitions must be at least 1, is 0"));
  EXPECT_EQ(with_topic([](auto& t) { t.virtual_partitions({.max_partitions = 1'000'001}); }),
            topic_problem("max_partitions must be at most 1000000, is 1000001"));
  const auto connections = [](std::uint32_t count) {
    return with_group([&](auto& g) {
      g.subscription_group("clicks", [&](auto& s) {
        s.connections(count);
        s.topic("events").template consumer<Totals>();
      });
    });
  };
  EXPECT_EQ(connections(0), Lines{"analytics / clicks: connections must be at least 1, is 0"});
  EXPECT_EQ(connections(100), Lines{});
  EXPECT_EQ(connections(101), Lines{"analytics / clicks: connections must be at most 100, is 101"});
}

Lines with_connections(const Connections& connections) {
  return with_group([&](auto& g) {
    g.subscription_group("clicks", [&](auto& s) {
      s.connections(connections);
      s.topic("events").template consumer<Totals>();
    });
  });
}

TEST(Validate, ConnectionsStartBetweenTheirBounds) {
  EXPECT_EQ(with_connections({.min = 1, .max = 3}), Lines{});
  EXPECT_EQ(with_connections({.min = 2, .max = 2, .start = 2, .scale_delay = 1s}), Lines{});
  EXPECT_EQ(with_connections({.max = 100}), Lines{});
  EXPECT_EQ(with_connections({.min = 3, .max = 2}),
            Lines{"analytics / clicks: connections.max must be at least 3 (connections.min), is 2"});
  EXPECT_EQ(with_connections({.min = 2, .max = 4, .start = 1}),
            Lines{"analytics / clicks: connections.start must be at least 2 (connections.min), is 1"});
  EXPECT_EQ(with_connections({.min = 2, .start = 3}),
            Lines{"analytics / clicks: connections.start must be at most 2 (connections.max), is 3"});
  EXPECT_EQ(with_connections({.min = 0, .max = 101}),
            (Lines{"analytics / clicks: connections.min must be at least 1, is 0",
                   "analytics / clicks: connections.max must be at most 100, is 101"}));
  EXPECT_EQ(with_connections({.count = 2, .max = 3}),
            Lines{"analytics / clicks: connections have a count, or min, max and start; not both"});
}

TEST(Validate, ConnectionsWaitASecondAtLeastBetweenChanges) {
  EXPECT_EQ(with_connections({.max = 2, .scale_delay = 999ms}),
            Lines{"analytics / clicks: connections.scale_delay must be at least 1s, is 999ms"});
  EXPECT_EQ(with_connections({.max = 2, .scale_delay = 24h + 1ms}),
            Lines{"analytics / clicks: connections.scale_delay must be at most 24h, is 86400001ms"});
}

TEST(Validate, TimesAreWithinTheirLimits) {
  EXPECT_EQ(with_topic([](auto& t) { t.max_wait(-1ms); }), topic_problem("max_wait must be at least 0, is -1ms"));
  EXPECT_EQ(with_topic([](auto& t) { t.max_wait(1h + 1ms); }),
            topic_problem("max_wait must be at most 1h, is 3600001ms"));
}

TEST(Validate, PartitionersAndReducersAreComplete) {
  EXPECT_EQ(with_topic([](auto& t) { t.virtual_partitions({.by = braid::header("")}); }),
            topic_problem("the header to partition by must have a name"));
  EXPECT_EQ(with_topic([](auto& t) { t.virtual_partitions({.by = braid::json_field("")}); }),
            topic_problem("the JSON field to partition by must have a name"));
  EXPECT_EQ(with_topic([](auto& t) { t.virtual_partitions({.by = braid::partition_by(nullptr)}); }),
            topic_problem("the function to partition by is missing"));
  EXPECT_EQ(with_topic([](auto& t) { t.virtual_partitions({.reducer = braid::reduce_by(nullptr)}); }),
            topic_problem("the reducer's function is missing"));
}

TEST(Validate, KafkaSettingsOfTheFrameworkAreRefusedWithWhatToUse) {
  const std::string commits = "the framework commits by itself, and only what is done; leave it out";
  const std::vector<std::pair<std::string, std::string>> refused{
      {"group.id", "it is the consumer group's id; change that instead"},
      {"enable.auto.commit", commits},
      {"auto.commit.enable", commits},
      {"enable.auto.offset.store", commits},
      {"auto.commit.interval.ms", "use the application's commit interval instead"},
      {"auto.offset.reset", "use initial_offset instead"},
      {"enable.partition.eof", "the framework turns it on and off as it needs; leave it out"},
      {"rebalance_cb", "callbacks are the framework's; leave it out"},
  };
  for (const auto& [setting, instead] : refused) {
    EXPECT_EQ(with_topic([&, name = setting](auto& t) { t.kafka(name, "x"); }),
              topic_problem("kafka setting '" + setting + "' may not be set: " + instead));
  }
  EXPECT_EQ(with_topic([](auto& t) { t.kafka("", "x"); }), topic_problem("a kafka setting must have a name"));
}

TEST(Validate, ARefusedKafkaSettingIsReportedOnceWhereItIsSet) {
  EXPECT_EQ(with_group([](auto& g) {
              g.kafka("group.id", "x");
              topic(g, "clicks", "events");
              topic(g, "more", "other");
            }),
            Lines{"analytics: kafka setting 'group.id' may not be set: it is the consumer group's id; change that "
                  "instead"});
}

TEST(Validate, TopicsThatShareAClientHaveTheSameKafkaSettings) {
  EXPECT_EQ(
      with_group([](auto& g) {
        g.subscription_group("clicks", [](auto& s) {
          s.topic("a").template consumer<Totals>().kafka("fetch.min.bytes", 1).kafka("check.crcs", true);
          s.topic("b").template consumer<Totals>().kafka("fetch.min.bytes", 2);
          s.topic("c").template consumer<Totals>().kafka("check.crcs", true).kafka("fetch.min.bytes", 1);
        });
      }),
      (Lines{"analytics / clicks / b: kafka setting 'fetch.min.bytes' is '2' here, but '1' in topic 'a', which "
             "shares the client; put this topic into its own subscription group",
             "analytics / clicks / b: kafka setting 'check.crcs' is not set here, but 'true' in topic 'a', "
             "which shares the client; put this topic into its own subscription group"}));
}

TEST(Validate, RequireValidThrowsAllProblemsALineEach) {
  const Routes routes = draw([](auto& r) { r.consumer_group("g", [](auto& g) { g.topic("t").max_messages(0); }); });
  try {
    require_valid(routes);
    FAIL() << "nothing was thrown";
  } catch (const InvalidRoutes& invalid) {
    EXPECT_STREQ(invalid.what(),
                 "g / g / t: there must be a consumer\n"
                 "g / g / t: max_messages must be at least 1, is 0");
    EXPECT_EQ(invalid.problems().size(), 2u);
  }
}

TEST(Problem, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(to_string(Problem{.message = "m"}), "m");
  EXPECT_EQ(to_string(Problem{.location = {.file = "f"}, .message = "m"}), "f: m");
  EXPECT_EQ(
      to_string(Problem{.address = "a / b", .location = {.file = "f", .line = 1, .column = 2}, .message = "m"}),
      "f:1:2: a / b: m");
}

}  // namespace
