#include "consumers.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::problems_of;
using routing_test::registry;
using routing_test::topic_with;
using routing_test::Totals;
using Lines = std::vector<std::string>;

TEST(Load, AWholeFileIsWhatTheDslDraws) {
  const Loaded loaded = load_text(R"(
# Everything at once.
consumer_groups:
  - id: analytics
    kafka: {fetch.wait.max.ms: 50, check.crcs: true}
    subscription_groups:
      - id: clicks
        connections: {count: 2}
        kafka: {fetch.min.bytes: 1}
        topics:
          - name: ecommerce.events
            consumer: Totals
            max_messages: 1000
            max_wait: 100ms
            virtual_partitions: {by: {header: user}, max_partitions: 16, reducer: hash}
            flow: batch
            initial_offset: latest
            kafka: {fetch.wait.max.ms: 10}
      - id: audit
        topics:
          - {name: logins, consumer: Audit}
  - id: reports
    topics:
      - {name: ecommerce.events, consumer: Totals, virtual_partitions: {by: {json: /user/id}}}
      - {name: logins, consumer: Audit}
)",
                                  registry());
  EXPECT_EQ(routing_test::lines(loaded.problems), Lines{});

  const Routes drawn = draw([](auto& r) {
    r.consumer_group("analytics", [](auto& g) {
      g.kafka("fetch.wait.max.ms", 50).kafka("check.crcs", true);
      g.subscription_group("clicks", [](auto& s) {
        s.connections(2).kafka("fetch.min.bytes", "1");
        s.topic("ecommerce.events")
            .template consumer<Totals>()
            .max_messages(1000)
            .max_wait(100ms)
            .virtual_partitions({.by = braid::header("user"), .max_partitions = 16})
            .flow(braid::Flow::batch)
            .initial_offset(braid::InitialOffset::latest)
            .kafka("fetch.wait.max.ms", "10");
      });
      g.subscription_group(
          "audit", [](auto& s) { s.topic("logins").consumer("Audit", [] { return std::make_unique<Totals>(); }); });
    });
    r.consumer_group("reports", [](auto& g) {
      g.topic("ecommerce.events")
          .template consumer<Totals>()
          .virtual_partitions({.by = braid::json_field("/user/id")});
      g.topic("logins").consumer("Audit", [] { return std::make_unique<Totals>(); });
    });
  });
  EXPECT_TRUE(loaded.routes == drawn) << describe(loaded.routes) << "is not\n" << describe(drawn);
}

// One topic's option in YAML, and the same in C++.
struct Option {
  const char* yaml;
  std::function<void(TopicBuilder&)> draw;
};

TEST(Load, EachOptionOfATopicIsWhatTheDslDraws) {
  const std::vector<Option> options{
      {"max_messages: 7", [](auto& t) { t.max_messages(7); }},
      {"max_messages: 50000", [](auto& t) { t.max_messages(50'000); }},
      {"max_wait: 0", [](auto& t) { t.max_wait(0ms); }},
      {"max_wait: 1ms", [](auto& t) { t.max_wait(1ms); }},
      {"max_wait: 3s", [](auto& t) { t.max_wait(3s); }},
      {"max_wait: '2m'", [](auto& t) { t.max_wait(2min); }},
      {"max_wait: 1h", [](auto& t) { t.max_wait(1h); }},
      {"virtual_partitions: {}", [](auto& t) { t.virtual_partitions({}); }},
      {"virtual_partitions: {by: key}", [](auto& t) { t.virtual_partitions({.by = braid::key()}); }},
      {"virtual_partitions: {by: {header: h}}", [](auto& t) { t.virtual_partitions({.by = braid::header("h")}); }},
      {"virtual_partitions: {by: {json: user_id}}",
       [](auto& t) { t.virtual_partitions({.by = braid::json_field("user_id")}); }},
      {"virtual_partitions: {max_partitions: 3}", [](auto& t) { t.virtual_partitions({.max_partitions = 3}); }},
      {"virtual_partitions: {reducer: hash}", [](auto& t) { t.virtual_partitions({.reducer = {}}); }},
      {"flow: batch", [](auto& t) { t.flow(Flow::batch); }},
      {"initial_offset: earliest", [](auto& t) { t.initial_offset(InitialOffset::earliest); }},
      {"initial_offset: latest", [](auto& t) { t.initial_offset(InitialOffset::latest); }},
      {"initial_offset: fail", [](auto& t) { t.initial_offset(InitialOffset::fail); }},
      {"initial_offset: {by_duration: 90s}", [](auto& t) { t.initial_offset(90s); }},
      {"kafka: {check.crcs: true, fetch.min.bytes: 1, client.rack: 'a b'}",
       [](auto& t) { t.kafka("check.crcs", true).kafka("fetch.min.bytes", 1).kafka("client.rack", "a b"); }},
  };
  for (const Option& option : options) {
    const Loaded loaded = load_text(topic_with(option.yaml), registry());
    EXPECT_EQ(routing_test::lines(loaded.problems), Lines{}) << option.yaml;
    const Routes drawn = draw([&](RoutesBuilder& r) {
      r.consumer_group("analytics", [&](ConsumerGroupBuilder& g) {
        TopicBuilder topic = g.subscription_group("clicks").topic("events");
        topic.consumer<Totals>();
        option.draw(topic);
      });
    });
    EXPECT_TRUE(loaded.routes == drawn) << option.yaml << '\n' << describe(loaded.routes) << describe(drawn);
  }
}

TEST(Load, ConnectionsAreANumberOrAMapping) {
  for (const char* connections : {"3", "{count: 3}"}) {
    const Loaded loaded = load_text("consumer_groups: [{id: g, subscription_groups: [{id: s, connections: " +
                                        std::string(connections) + ", topics: [{name: t, consumer: Totals}]}]}]",
                                    registry());
    ASSERT_TRUE(loaded.ok()) << connections;
    EXPECT_EQ(loaded.routes.consumer_groups[0].subscription_groups[0].connections.count, 3u);
  }
}

TEST(Load, ConnectionsMayHaveBounds) {
  const Loaded loaded = load_text(
      "consumer_groups: [{id: g, subscription_groups: [{id: s, connections: {min: 1, max: 3, start: 2, "
      "scale_delay: 5s}, topics: [{name: t, consumer: Totals}]}]}]",
      registry());
  ASSERT_TRUE(loaded.ok());
  const Connections& connections = loaded.routes.consumer_groups[0].subscription_groups[0].connections;
  EXPECT_EQ(connections.least(), 1u);
  EXPECT_EQ(connections.most(), 3u);
  EXPECT_EQ(connections.at_start(), 2u);
  EXPECT_EQ(connections.scale_delay, 5s);
  EXPECT_TRUE(connections.dynamic());
}

TEST(Load, ConnectionsThatCannotBeAreToldWhereTheyStand) {
  EXPECT_EQ(problems_of("consumer_groups:\n"
                        "  - id: g\n"
                        "    subscription_groups:\n"
                        "      - id: s\n"
                        "        connections:\n"
                        "          min: 3\n"
                        "          max: 2\n"
                        "          scale_delay: 10ms\n"
                        "        topics: [{name: t, consumer: Totals}]\n"
                        "      - id: u\n"
                        "        connections: {min: 2, count: 1, most: 4, start: soon}\n"
                        "        topics: [{name: v, consumer: Totals}]\n"),
            (Lines{"routing.yaml:7:16: g / s: connections.max must be at least 3 (connections.min), is 2",
                   "routing.yaml:8:24: g / s: connections.scale_delay must be at least 1s, is 10ms",
                   "routing.yaml:11:38: g / u: connections have a count, or min, max and start; not both",
                   "routing.yaml:11:41: g / u: unknown key 'most'; known: count, min, max, start, scale_delay",
                   "routing.yaml:11:57: g / u: connections.start must be a whole number, is 'soon'"}));
}

TEST(Load, AnchorsAliasesAndMergeKeysWork) {
  const Loaded loaded = load_text(R"(
x-defaults: &defaults {consumer: Totals, max_messages: 7, max_wait: 1s}
consumer_groups:
  - id: g
    topics:
      - {name: a, <<: *defaults}
      - {<<: *defaults, name: b, max_messages: 8}
      - <<: [{name: c, max_messages: 9}, *defaults]
)",
                                  registry());
  ASSERT_EQ(routing_test::lines(loaded.problems), Lines{});
  const auto& topics = loaded.routes.consumer_groups.at(0).subscription_groups.at(0).topics;
  ASSERT_EQ(topics.size(), 3u);
  EXPECT_EQ(topics[0].max_messages, 7u);
  EXPECT_EQ(topics[1].max_messages, 8u);
  EXPECT_EQ(topics[1].max_wait, 1s);
  EXPECT_EQ(topics[2].name, "c");
  EXPECT_EQ(topics[2].max_messages, 9u);
  EXPECT_EQ(topics[2].consumer_name, "Totals");
}

TEST(Load, ProblemsPointAtTheValueThatIsWrong) {
  const std::string yaml =
      "consumer_groups:\n"
      "  - id: analytics\n"
      "    subscription_groups:\n"
      "      - id: clicks\n"
      "        topics:\n"
      "          - name: ecommerce.events\n"
      "            consumer: Totals\n"
      "            virtual_partitions:\n"
      "              max_partitions: 0\n";
  EXPECT_EQ(
      problems_of(yaml),
      Lines{"routing.yaml:9:31: analytics / clicks / ecommerce.events: max_partitions must be at least 1, is 0"});
}

TEST(Load, AllProblemsComeAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(
      problems_of(R"(consumer_groups:
  - id: analytics
    kafka: {group.id: x}
    colour: red
    subscription_groups:
      - id: clicks
        connections: 0
        topics:
          - name: events
            consumer: Totls
            max_mesages: 10
            max_wait: soon
            max_wait: 1s
          - consumer: Totals
            name: other topic
            max_messages: [1]
            virtual_partitions: {by: {header: ''}, max_partitions: -3}
      - topics: 5
)"),
      (Lines{
          "routing.yaml:3:13: analytics: kafka setting 'group.id' may not be set: it is the consumer group's "
          "id; change that instead",
          "routing.yaml:4:5: analytics: unknown key 'colour'; known: id, retries, kafka, subscription_groups, "
          "topics",
          "routing.yaml:7:22: analytics / clicks: connections must be at least 1, is 0",
          "routing.yaml:10:23: analytics / clicks / events: unknown consumer 'Totls'; did you mean 'Totals'? "
          "Registered: Audit, Totals",
          "routing.yaml:11:13: analytics / clicks / events: unknown key 'max_mesages'; did you mean "
          "'max_messages'?",
          "routing.yaml:12:23: analytics / clicks / events: max_wait must be a duration such as 100ms, 5s, 2m "
          "or 0, is 'soon'",
          "routing.yaml:13:13: analytics / clicks / events: key 'max_wait' is set twice, first on line 12",
          "routing.yaml:15:19: analytics / clicks / other topic: name may hold letters, digits, '.', '_' and "
          "'-' only, is 'other topic'",
          "routing.yaml:16:27: analytics / clicks / other topic: max_messages must be a whole number, is a "
          "list",
          "routing.yaml:17:38: analytics / clicks / other topic: the header to partition by must have a name",
          "routing.yaml:17:68: analytics / clicks / other topic: max_partitions must be at least 1, is -3",
          "routing.yaml:18:9: analytics / (subscription group 2): id must not be empty",
          "routing.yaml:18:17: analytics / (subscription group 2): topics must be a list, is '5'",
      }));
}

// One mistake in a topic, and its message.
struct Mistake {
  const char* options;
  const char* problem;
};

TEST(Load, EachMistakeInATopicHasItsMessage) {
  const std::vector<Mistake> mistakes{
      {"max_messages: ten", "7:27: analytics / clicks / events: max_messages must be a whole number, is 'ten'"},
      {"max_messages: 1.5", "7:27: analytics / clicks / events: max_messages must be a whole number, is '1.5'"},
      {"max_messages: '5'",
       "7:27: analytics / clicks / events: max_messages must be a whole number, is the text '5'"},
      {"max_messages: ", "7:25: analytics / clicks / events: max_messages must be a whole number, is empty"},
      {"max_messages: 0", "7:27: analytics / clicks / events: max_messages must be at least 1, is 0"},
      {"max_messages: -99999999999999999999",
       "7:27: analytics / clicks / events: max_messages must be at least 1, is -99999999999999999999"},
      {"max_messages: 99999999999999999999",
       "7:27: analytics / clicks / events: max_messages must be at most 1000000, is 99999999999999999999"},
      {"max_messages: 4294967297",
       "7:27: analytics / clicks / events: max_messages must be at most 1000000, is 4294967297"},
      {"max_wait: 5",
       "7:23: analytics / clicks / events: max_wait must be a duration such as 100ms, 5s, 2m or 0, is "
       "'5'"},
      {"max_wait: 99999999999999999h",
       "7:23: analytics / clicks / events: max_wait must be a duration such as 100ms, 5s, 2m or 0, is "
       "'99999999999999999h'"},
      {"max_wait: -5ms", "7:23: analytics / clicks / events: max_wait must be at least 0, is -5ms"},
      {"max_wait: 2h", "7:23: analytics / clicks / events: max_wait must be at most 1h, is 2h"},
      {"flow: batsh", "7:19: analytics / clicks / events: unknown flow 'batsh'; did you mean 'batch'?"},
      {"initial_offset: newest",
       "7:29: analytics / clicks / events: unknown initial_offset 'newest'; known: earliest, latest, fail"},
      {"virtual_partitions: 8", "7:33: analytics / clicks / events: virtual_partitions must be a mapping, is '8'"},
      {"virtual_partitions: {by: heder}",
       "7:38: analytics / clicks / events: by must be key, round_robin, partition, {header: NAME} or {json: "
       "FIELD}, is 'heder'"},
      {"virtual_partitions: {by: {header: a, json: b}}",
       "7:38: analytics / clicks / events: by must have either header or json, has both"},
      {"virtual_partitions: {by: {}}",
       "7:38: analytics / clicks / events: by must have either header or json, has neither"},
      {"virtual_partitions: {by: {json: ''}}",
       "7:38: analytics / clicks / events: the JSON field to partition by must have a name"},
      {"virtual_partitions: {reducer: modulo}",
       "7:43: analytics / clicks / events: unknown reducer 'modulo'; known: hash, balanced, sticky"},
      {"virtual_partitions: {max_partition: 1}",
       "7:34: analytics / clicks / events: unknown key 'max_partition'; did you mean 'max_partitions'?"},
      {"kafka: [1]", "7:20: analytics / clicks / events: kafka must be a mapping, is a list"},
      {"kafka: {a: {b: c}}",
       "7:24: analytics / clicks / events: kafka setting 'a' must be text, a number, true or false, is a mapping"},
      {"kafka: {auto.offset.reset: latest}",
       "7:21: analytics / clicks / events: kafka setting 'auto.offset.reset' may not be set: use initial_offset "
       "instead"},
      {"[a]: b", "7:13: analytics / clicks / events: a key must be text, is a list"},
  };
  for (const Mistake& mistake : mistakes) {
    EXPECT_EQ(problems_of(topic_with(mistake.options)), Lines{"routing.yaml:" + std::string(mistake.problem)});
  }
}

TEST(Load, WhatIsMissingIsSaid) {
  EXPECT_EQ(
      problems_of("consumer_groups:\n  - subscription_groups:\n      - topics:\n          - max_wait: 1s\n"),
      (Lines{"routing.yaml:2:5: (consumer group 1): id must not be empty",
             "routing.yaml:3:9: (consumer group 1) / (subscription group 1): id must not be empty",
             "routing.yaml:4:13: (consumer group 1) / (subscription group 1) / (topic 1): name must not be empty",
             "routing.yaml:4:13: (consumer group 1) / (subscription group 1) / (topic 1): there must be a "
             "consumer"}));
  EXPECT_EQ(problems_of("consumer_groups: []"),
            Lines{"routing.yaml:1:18: there must be at least one consumer group"});
  EXPECT_EQ(problems_of("consumer_groups:"), Lines{"routing.yaml:1:16: consumer_groups must be a list, is empty"});
  EXPECT_EQ(
      problems_of("consumer_groups:\n  - topics:\n    kafka:\n  -\n"),
      (Lines{"routing.yaml:2:3: (consumer group 2): a consumer group must be a mapping, is empty",
             "routing.yaml:2:5: (consumer group 1): id must not be empty",
             "routing.yaml:2:11: (consumer group 1) / (subscription group 1): topics must be a list, is empty",
             "routing.yaml:3:10: (consumer group 1): kafka must be a mapping, is empty"}));
  EXPECT_EQ(problems_of("consumer_group: []"),
            (Lines{"routing.yaml:1:1: unknown key 'consumer_group'; did you mean 'consumer_groups'?",
                   "routing.yaml:1:1: there must be at least one consumer group"}));
  EXPECT_EQ(problems_of("- a"), Lines{"routing.yaml:1:1: a routing file must be a mapping, is a list"});
  EXPECT_EQ(problems_of("consumer_groups: [7]"),
            Lines{"routing.yaml:1:19: (consumer group 1): a consumer group must be a mapping, is '7'"});
  EXPECT_EQ(problems_of("consumer_groups: [{id: g, subscription_groups: [{id: s, connections: {}, topics: []}]}]"),
            (Lines{"routing.yaml:1:70: g / s: connections must have a count, or a min and a max",
                   "routing.yaml:1:82: g / s: there must be at least one topic"}));
}

TEST(Load, AnInheritedKafkaSettingPointsToWhereItIsSet) {
  EXPECT_EQ(
      problems_of("consumer_groups:\n"
                  "  - id: g\n"
                  "    kafka: {check.crcs: true}\n"
                  "    topics:\n"
                  "      - {name: a, consumer: Totals, kafka: {check.crcs: false}}\n"
                  "      - {name: b, consumer: Totals}\n"),
      Lines{"routing.yaml:3:13: g / g / b: kafka setting 'check.crcs' is 'true' here, but 'false' in topic 'a', "
            "which shares the client; put this topic into its own subscription group"});
}

TEST(Load, KeysForAnchorsAreIgnoredAtTheTopAlone) {
  EXPECT_EQ(problems_of("x-a: 1\n" + topic_with("max_messages: 1")), Lines{});
  EXPECT_EQ(problems_of(topic_with("x-a: 1")).size(), 1u);
}

TEST(Load, EmptyDocumentsAreSaidToBe) {
  const Lines empty{"routing.yaml:1:1: the file is empty; it must have consumer_groups"};
  for (const char* yaml : {"", "\n\n", "# only a comment\n", "---\n", "~"})
    EXPECT_EQ(problems_of(yaml), empty) << yaml;
}

TEST(Load, ConsumersMustBeRegistered) {
  const std::string yaml = "consumer_groups: [{id: g, topics: [{name: t, consumer: Nothing}]}]";
  EXPECT_EQ(problems_of(yaml),
            Lines{"routing.yaml:1:56: g / g / t: unknown consumer 'Nothing'; registered: Audit, Totals"});
  ConsumerRegistry none;
  EXPECT_EQ(routing_test::lines(load_text(yaml, none).problems),
            Lines{"routing.yaml:1:56: g / g / t: unknown consumer 'Nothing'; none is registered"});
  ConsumerRegistry empty;
  empty.add("Nothing", nullptr);
  EXPECT_EQ(routing_test::lines(load_text(yaml, empty).problems),
            Lines{"routing.yaml:1:56: g / g / t: consumer 'Nothing' is registered with an empty factory"});
}

TEST(Load, RoutesWithProblemsAreEmptyAndValueThrows) {
  Loaded loaded = load_text(topic_with("max_messages: 0"), registry(), "r.yaml");
  EXPECT_FALSE(loaded.ok());
  EXPECT_TRUE(loaded.routes.consumer_groups.empty());
  try {
    (void)std::move(loaded).value();
    FAIL() << "nothing was thrown";
  } catch (const InvalidRoutes& invalid) {
    EXPECT_STREQ(invalid.what(), "r.yaml:7:27: analytics / clicks / events: max_messages must be at least 1, is 0");
  }
}

}  // namespace
