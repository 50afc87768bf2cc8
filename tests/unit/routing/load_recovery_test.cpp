#include "consumers.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

// What files say of failures.

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::problems_of;
using routing_test::registry;
using routing_test::topic_with;
using routing_test::Totals;
using Lines = std::vector<std::string>;
using To = DeadLetters::To;

// One topic's options in YAML, and the same in C++.
struct Option {
  const char* yaml;
  std::function<void(TopicBuilder&)> draw;
};

TEST(LoadRecovery, EachIsWhatTheDslDraws) {
  const std::vector<Option> options{
      {"retries: {}", [](auto&) {}},
      {"retries: {max: unlimited}", [](auto& t) { t.retries({.max = braid::unlimited}); }},
      {"retries: {max: 3}, on_exhausted: skip",
       [](auto& t) { t.retries({.max = 3}).on_exhausted(OnExhausted::skip); }},
      {"retries: {max: 0}, on_exhausted: stop",
       [](auto& t) { t.retries({.max = 0}).on_exhausted(OnExhausted::stop); }},
      {"retries: {backoff: 5s}", [](auto& t) { t.retries({.backoff = braid::fixed(5s)}); }},
      {"retries: {backoff: {fixed: 5s}}", [](auto& t) { t.retries({.backoff = braid::fixed(5s)}); }},
      {"retries: {backoff: {exponential: {}}}", [](auto&) {}},
      {"retries: {backoff: {exponential: {initial: 100ms, max: 30s}}}",
       [](auto& t) { t.retries({.backoff = braid::exponential(100ms, 30s)}); }},
      {"retries: {backoff: {exponential: {initial: 100ms, max: 30s, multiplier: 1.5, jitter: 0.25}}}",
       [](auto& t) { t.retries({.backoff = braid::exponential(100ms, 30s, 1.5, 0.25)}); }},
      {"retries: {backoff: {exponential: {multiplier: 3, jitter: 0}}}",
       [](auto& t) { t.retries({.backoff = braid::exponential(1s, 1min, 3, 0)}); }},
      {"retries: {max_elapsed: 10m}, dead_letter: events.dlq",
       [](auto& t) { t.retries({.max_elapsed = 10min}).dead_letter("events.dlq"); }},
      {"dead_letter: {topic: events.dlq}", [](auto& t) { t.dead_letter("events.dlq"); }},
      {"dead_letter: {topic: events.dlq}", [](auto& t) { t.dead_letter({.topic = "events.dlq"}); }},
      {"dead_letter: {topic: none}", [](auto& t) { t.dead_letter({.to = To::discarded}); }},
      {"dead_letter: {topic: 'none'}", [](auto& t) { t.dead_letter("none"); }},
      {"dead_letter: 'none'", [](auto& t) { t.dead_letter("none"); }},
      {"on_failure: isolate", [](auto&) {}},
      {"on_failure: collapse", [](auto& t) { t.on_failure(OnFailure::collapse); }},
      {"dead_letter: d, on_exhausted: dead_letter",
       [](auto& t) { t.dead_letter("d").on_exhausted(OnExhausted::dead_letter); }},
      {"dead_letter: d, on_exhausted: park, max_parked: 17",
       [](auto& t) { t.dead_letter("d").on_exhausted(OnExhausted::park).max_parked(17); }},
  };
  for (const Option& option : options) {
    const Loaded loaded = load_text(topic_with(option.yaml), registry());
    EXPECT_EQ(routing_test::lines(loaded.problems), Lines{}) << option.yaml;
    const Routes drawn = draw([&](RoutesBuilder& r) {
      TopicBuilder topic = r.consumer_group("analytics").subscription_group("clicks").topic("events");
      topic.consumer<Totals>();
      option.draw(topic);
    });
    EXPECT_TRUE(loaded.routes == drawn) << option.yaml << '\n' << describe(loaded.routes) << describe(drawn);
  }
}

struct Mistake {
  const char* options;
  int column;
  const char* problem;
};

TEST(LoadRecovery, EachMistakeHasItsMessageAndPlace) {
  constexpr const char* kForm =
      "retries: backoff must be a duration, {fixed: DURATION} or {exponential: {initial, max, multiplier, "
      "jitter}}, "
      "is a list";
  const std::vector<Mistake> mistakes{
      {"retries: 3", 22, "retries must be a mapping, is '3'"},
      {"retries: 3, on_exhausted: skip", 22, "retries must be a mapping, is '3'"},
      {"retries: {mx: 3}", 23, "unknown key 'mx'; did you mean 'max'?"},
      {"retries: {retry_if: x}", 23, "unknown key 'retry_if'; known: max, backoff, max_elapsed"},
      {"retries: {max: unlimitd}", 28,
       "retries: max must be a whole number or unlimited, is 'unlimitd'; did you mean 'unlimited'?"},
      {"retries: {max: three}", 28, "retries: max must be a whole number or unlimited, is 'three'"},
      {"retries: {max: three}, on_exhausted: skip", 28,
       "retries: max must be a whole number or unlimited, is 'three'"},
      {"retries: {max: '3'}", 28, "retries: max must be a whole number or unlimited, is '3'"},
      {"retries: {max: -1}", 28, "retries: max must be at least 0, is -1"},
      {"retries: {max: 1000001}, dead_letter: d", 28, "retries: max must be at most 1000000, is 1000001"},
      {"retries: {max: 4294967295}, dead_letter: d", 28, "retries: max must be at most 1000000, is 4294967295"},
      {"retries: {max: 99999999999999999999}", 28, "retries: max must be at most 1000000, is 99999999999999999999"},
      {"retries: {backoff: soon}", 32,
       "retries: backoff must be a duration such as 100ms, 5s, 2m or 1h, is 'soon'"},
      {"retries: {backoff: 0}", 32, "retries: backoff must be at least 1ms, is 0"},
      {"retries: {backoff: -1s}", 32, "retries: backoff must be at least 1ms, is -1s"},
      {"retries: {backoff: [1s]}", 32, kForm},
      {"retries: {backoff: {}}", 32, "retries: backoff must have either fixed or exponential, has neither"},
      {"retries: {backoff: {fixed: 1s, exponential: {}}}", 32,
       "retries: backoff must have either fixed or exponential, has both"},
      {"retries: {backoff: {fixed: 25h}}", 40, "retries: backoff must be at most 24h, is 25h"},
      {"retries: {backoff: {exponential: 1s}}", 46, "retries: backoff: exponential must be a mapping, is '1s'"},
      {"retries: {backoff: {exponential: {inital: 1s}}}", 47, "unknown key 'inital'; did you mean 'initial'?"},
      {"retries: {backoff: {exponential: {initial: 0}}}", 56,
       "retries: backoff: initial must be at least 1ms, is 0"},
      {"retries: {backoff: {exponential: {initial: soon, max: 1ms}}}", 56,
       "retries: backoff: initial must be a duration such as 100ms, 5s, 2m or 1h, is 'soon'"},
      {"retries: {backoff: {exponential: {initial: 2m}}}", 56,
       "retries: backoff: max must be at least initial (2m), is 1m"},
      {"retries: {backoff: {exponential: {max: 10ms}}}", 52,
       "retries: backoff: max must be at least initial (1s), is 10ms"},
      {"retries: {backoff: {exponential: {multiplier: 0.5}}}", 59,
       "retries: backoff: multiplier must be at least 1, is 0.5"},
      {"retries: {backoff: {exponential: {multiplier: two}}}", 59,
       "retries: backoff: multiplier must be a number such as 2 or 0.5, is 'two'"},
      {"retries: {backoff: {exponential: {multiplier: nan}}}", 59,
       "retries: backoff: multiplier must be a number such as 2 or 0.5, is 'nan'"},
      {"retries: {backoff: {exponential: {jitter: '0.1'}}}", 55,
       "retries: backoff: jitter must be a number such as 2 or 0.5, is the text '0.1'"},
      {"retries: {backoff: {exponential: {jitter: 1.1}}}", 55,
       "retries: backoff: jitter must be at most 1, is 1.1"},
      {"retries: {max_elapsed: 0}, dead_letter: d", 36, "retries: max_elapsed must be at least 1ms, is 0"},
      {"retries: {max_elapsed: long}, dead_letter: d", 36,
       "retries: max_elapsed must be a duration such as 100ms, 5s, 2m or 1h, is 'long'"},
      {"retries: {backoff: 1s, max: 3}", 41,
       "retries are limited, but nothing says what follows; name a dead_letter topic, or say on_exhausted: skip or "
       "stop"},
      {"retries: {max: 3}, commit: before_processing", 28,
       "commit: before_processing is at most once, so nothing is tried again; give the topic retries with a max of "
       "0 "
       "and nothing else"},
      {"on_failure: colapse", 25, "unknown on_failure 'colapse'; did you mean 'collapse'?"},
      {"on_failure: collapse, flow: continuous", 25,
       "on_failure: collapse needs flow: batch, whose batches are run again as one; use isolate"},
      {"on_exhausted: dead_leter", 27, "unknown on_exhausted 'dead_leter'; did you mean 'dead_letter'?"},
      {"retries: {max: 3}, on_exhausted: [skip]", 46, "on_exhausted must be text, is a list"},
      {"on_exhausted: skip", 27,
       "on_exhausted: skip never happens, since retries have no limit; give retries a max or a max_elapsed, or "
       "leave "
       "on_exhausted out"},
      {"max_parked: many", 25, "max_parked must be a whole number, is 'many'"},
      {"dead_letter: events", 26,
       "dead_letter: topic must be another one than the topic itself, or its dead letters would be consumed again "
       "and again"},
      {"dead_letter: {topic: events}", 34,
       "dead_letter: topic must be another one than the topic itself, or its dead letters would be consumed again "
       "and again"},
      {"dead_letter: {topic: a b}", 34,
       "dead_letter: topic may hold letters, digits, '.', '_' and '-' only, is 'a b'"},
      {"dead_letter: ''", 26, "dead_letter: topic must not be empty"},
      {"dead_letter: [d]", 26,
       "dead_letter must be the name of a topic, or {topic: NAME} or {topic: none}, is a list"},
      {"dead_letter: [d], retries: {max: 1}", 26,
       "dead_letter must be the name of a topic, or {topic: NAME} or {topic: none}, is a list"},
      {"dead_letter: ~", 24,
       "dead_letter must be the name of a topic, or {topic: NAME} or {topic: none}, is empty"},
      {"dead_letter: {}", 26, "dead_letter must have a topic"},
      {"dead_letter: {topic: [d]}", 34, "dead_letter: topic must be text, is a list"},
      {"dead_letter: none, retries: {max: 1}", 26,
       "dead_letter: none may mean two things: say {topic: none} to skip and count dead letters, or leave "
       "dead_letter out to have none"},
      {"dead_leter: d", 13, "unknown key 'dead_leter'; did you mean 'dead_letter'?"},
  };
  for (const Mistake& mistake : mistakes) {
    EXPECT_EQ(problems_of(topic_with(mistake.options)), Lines{"routing.yaml:7:" + std::to_string(mistake.column) +
                                                              ": analytics / clicks / events: " + mistake.problem})
        << mistake.options;
  }
}

TEST(LoadRecovery, GroupsSayRetriesForTheirTopics) {
  const auto file = [](const std::string& of_group, const std::string& of_child, const std::string& of_topic) {
    return "consumer_groups:\n"
           "  - id: g\n"
           "    retries: {" +
           of_group +
           "}\n"
           "    subscription_groups:\n"
           "      - id: s\n"
           "        retries: {" +
           of_child +
           "}\n"
           "        topics:\n"
           "          - {name: t, consumer: Totals, dead_letter: t.dlq, retries: {" +
           of_topic +
           "}}\n"
           "          - {name: u, consumer: Totals, dead_letter: u.dlq}\n"
           "      - id: v\n"
           "        topics: [{name: v, consumer: Totals}]\n";
  };
  const Loaded loaded = load_text(file("backoff: 2s", "max: 5", "max_elapsed: 1m"), registry());
  ASSERT_EQ(routing_test::lines(loaded.problems), Lines{});
  const auto& groups = loaded.routes.consumer_groups[0].subscription_groups;
  EXPECT_EQ(groups[0].topics[0].retries.max, std::nullopt);
  EXPECT_EQ(groups[0].topics[0].retries.max_elapsed, 1min);
  EXPECT_EQ(groups[0].topics[1].retries.max, 5u);
  EXPECT_EQ(groups[0].topics[1].retries.backoff.kind, Backoff::Kind::exponential) << "a whole, not a mixture";
  EXPECT_EQ(groups[1].topics[0].retries.backoff.initial, 2s);

  EXPECT_EQ(problems_of(file("backoff: 0", "max: 5", "max: 1")),
            Lines{"routing.yaml:3:24: g: retries: backoff must be at least 1ms, is 0"});
  EXPECT_EQ(problems_of(file("backoff: 1s", "max: many", "max: 1")),
            Lines{"routing.yaml:6:24: g / s: retries: max must be a whole number or unlimited, is 'many'"});
  // What goes wrong beside a topic's own options is the topic's problem, at the place that set it.
  EXPECT_EQ(problems_of(file("max: 4", "max: 5", "max: 1")),
            Lines{"routing.yaml:3:20: g / v / v: retries are limited, but nothing says what follows; name a "
                  "dead_letter topic, or say on_exhausted: skip or stop"});
}

TEST(LoadRecovery, ACircleIsReportedWhereItsFirstDeadLettersAreNamed) {
  EXPECT_EQ(problems_of("consumer_groups:\n"
                        "  - id: g\n"
                        "    topics:\n"
                        "      - {name: a, consumer: Totals, dead_letter: {topic: b}}\n"
                        "      - {name: b, consumer: Totals, dead_letter: a}\n"),
            Lines{"routing.yaml:4:58: g / g / a: dead letters of this consumer group go in a circle: 'a' -> 'b' -> "
                  "'a'; let those of one of them go elsewhere"});
}

}  // namespace
