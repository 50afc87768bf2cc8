#include "consumers.hpp"

#include <braid/recovery.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <limits>
#include <string>
#include <vector>

// What settings for failures may be, by themselves, beside each other and beside other options.

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::lines;
using routing_test::Totals;
using Lines = std::vector<std::string>;
using To = DeadLetters::To;
using When = Commit::When;

// The problems of one otherwise valid topic, without its address.
Lines problems(const std::function<void(TopicBuilder&)>& set) {
  Lines result = lines(validate(draw([&](RoutesBuilder& r) {
    TopicBuilder topic = r.consumer_group("g").topic("t");
    topic.consumer<Totals>();
    set(topic);
  })));
  for (std::string& line : result) {
    EXPECT_TRUE(line.starts_with("g / g / t: ")) << line;
    line.erase(0, 11);
  }
  return result;
}

const auto kAnyError = [](const std::exception_ptr&) { return true; };

TEST(RecoveryRules, EverySensibleWayIsLegal) {
  const std::vector<std::function<void(TopicBuilder&)>> ways{
      [](auto& t) { t.retries({.max = braid::unlimited}); },
      [](auto& t) { t.retries({.backoff = braid::fixed(1ms)}); },
      [](auto& t) { t.retries({.backoff = braid::exponential(24h, 24h, 1000.0, 1.0)}); },
      [](auto& t) { t.retries({.backoff = braid::exponential(1ms, 1ms, 1.0, 0.0)}); },
      [](auto& t) { t.retries({.backoff = braid::backoff([](auto, const auto&) { return 1ms; })}); },
      [](auto& t) { t.dead_letter("t.dlq"); },
      [](auto& t) { t.retries({.max = 1'000'000}).dead_letter("t.dlq").on_exhausted(OnExhausted::dead_letter); },
      [](auto& t) { t.retries({.max = 0}).on_exhausted(OnExhausted::skip); },
      [](auto& t) { t.retries({.max_elapsed = 1ms}).on_exhausted(OnExhausted::stop); },
      [](auto& t) { t.retries({.retry_if = kAnyError}).dead_letter("t.dlq"); },
      [](auto& t) { t.dead_letter("t.dlq").on_exhausted(OnExhausted::park).max_parked(1'000'000); },
      [](auto& t) { t.dead_letter({.to = To::discarded}).on_exhausted(OnExhausted::park).max_parked(1); },
      [](auto& t) { t.dead_letter("t.dlq").on_exhausted(OnExhausted::skip); },
      [](auto& t) { t.dead_letter("t.dlq").retries({.max = braid::unlimited}); },
      [](auto& t) { t.dead_letter({.topic_of = [](const braid::Message&) { return "x"; }}); },
      [](auto& t) { t.dead_letter({.topic = "t.dlq", .on_dead_letter = [](braid::DeadLetter&) {}}); },
      [](auto& t) { t.dead_letter({.strategy = [](const braid::Failure&) { return Decision::skip; }}); },
      [](auto& t) { t.on_failure(OnFailure::collapse).dead_letter("t.dlq"); },
      [](auto& t) { t.offsets(Offsets::manual).dead_letter("t.dlq"); },
      [](auto& t) { t.commit(When::before_processing).retries({.max = 0}); },
      [](auto& t) { t.commit(When::before_processing).dead_letter("t.dlq"); },
      [](auto& t) { t.commit(When::before_processing).on_exhausted(OnExhausted::stop); },
      [](auto& t) { t.commit(When::before_processing).on_exhausted(OnExhausted::skip); },
  };
  for (std::size_t i = 0; i < ways.size(); ++i) EXPECT_EQ(problems(ways[i]), Lines{}) << "way " << i;
}

TEST(RecoveryRules, NumbersAndPausesAreWithinTheirLimits) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    Retries retries;
    const char* problem;
  };
  const std::vector<Case> cases{
      {{.max = 1'000'001}, "retries: max must be at most 1000000, is 1000001"},
      {{.backoff = braid::fixed(0ms)}, "retries: backoff must be at least 1ms, is 0"},
      {{.backoff = braid::fixed(-5s)}, "retries: backoff must be at least 1ms, is -5s"},
      {{.backoff = braid::fixed(25h)}, "retries: backoff must be at most 24h, is 25h"},
      {{.backoff = braid::exponential(0ms, 1s)}, "retries: backoff: initial must be at least 1ms, is 0"},
      {{.backoff = braid::exponential(25h, 24h)}, "retries: backoff: initial must be at most 24h, is 25h"},
      {{.backoff = braid::exponential(1s, -1s)}, "retries: backoff: max must be at least 1ms, is -1s"},
      {{.backoff = braid::exponential(1s, 25h)}, "retries: backoff: max must be at most 24h, is 25h"},
      {{.backoff = braid::exponential(2s, 1s)}, "retries: backoff: max must be at least initial (2s), is 1s"},
      {{.backoff = braid::exponential(1s, 2s, 0.5)}, "retries: backoff: multiplier must be at least 1, is 0.5"},
      {{.backoff = braid::exponential(1s, 2s, 1001)}, "retries: backoff: multiplier must be at most 1000, is 1001"},
      {{.backoff = braid::exponential(1s, 2s, kNan)}, "retries: backoff: multiplier must be at least 1, is nan"},
      {{.backoff = braid::exponential(1s, 2s, 2, -0.1)}, "retries: backoff: jitter must be at least 0, is -0.1"},
      {{.backoff = braid::exponential(1s, 2s, 2, 1.5)}, "retries: backoff: jitter must be at most 1, is 1.5"},
      {{.backoff = braid::exponential(1s, 2s, 2, kNan)}, "retries: backoff: jitter must be at least 0, is nan"},
      {{.max_elapsed = 0ms}, "retries: max_elapsed must be at least 1ms, is 0"},
      {{.max_elapsed = -1s}, "retries: max_elapsed must be at least 1ms, is -1s"},
      {{.backoff = braid::backoff(nullptr)}, "retries: the backoff's function is missing"},
      {{.backoff = {.callable = [](auto, const auto&) { return 1ms; }}},
       "retries: the backoff's function is never asked, since its kind is not callable; use "
       "braid::backoff(function)"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(problems([&](auto& t) { t.retries(each.retries).dead_letter("t.dlq"); }), Lines{each.problem});
  }
  for (const std::uint32_t parked : {0u, 1'000'001u}) {
    EXPECT_EQ(problems([&](auto& t) { t.dead_letter("t.dlq").on_exhausted(OnExhausted::park).max_parked(parked); }),
              Lines{parked == 0 ? "max_parked must be at least 1, is 0"
                                : "max_parked must be at most 1000000, is 1000001"});
  }
}

TEST(RecoveryRules, DeadLettersGoToALegalTopicThatIsAnotherOne) {
  const auto to = [](const std::string& topic) { return problems([&](auto& t) { t.dead_letter(topic); }); };
  EXPECT_EQ(to(""), Lines{"dead_letter: topic must not be empty"});
  EXPECT_EQ(to("a b"), Lines{"dead_letter: topic may hold letters, digits, '.', '_' and '-' only, is 'a b'"});
  EXPECT_EQ(to(".."), Lines{"dead_letter: topic must not be '.' or '..'"});
  EXPECT_EQ(to(std::string(250, 'x')), Lines{"dead_letter: topic must be at most 249 characters long, is 250"});
  EXPECT_EQ(to("t"),
            Lines{"dead_letter: topic must be another one than the topic itself, or its dead letters would "
                  "be consumed again and again"});
}

TEST(RecoveryRules, DeadLettersGoOneWay) {
  const auto function = [](const braid::Message&) { return std::string("x"); };
  const auto letters = [](DeadLetters value) { return problems([&](auto& t) { t.dead_letter(value); }); };
  EXPECT_EQ(letters({.to = To::function}), Lines{"dead_letter: the function that names the topic is missing"});
  const std::string named = "dead_letter: topic 'x' is named, but dead letters go elsewhere; say one of the two";
  const std::string asked =
      "dead_letter: the function that names the topic is never asked, since dead letters go elsewhere; say one of "
      "the two";
  EXPECT_EQ(letters({.to = To::discarded, .topic = "x"}), Lines{named});
  EXPECT_EQ(letters({.to = To::function, .topic = "x", .topic_of = function}), Lines{named});
  EXPECT_EQ(letters({.to = To::topic, .topic = "x", .topic_of = function}), Lines{asked});
  EXPECT_EQ(letters({.topic = "x", .topic_of = function}), (Lines{named, asked}));
  const std::string hook =
      "dead_letter: on_dead_letter is never called, since no dead letter is sent; name a topic, or leave it out";
  EXPECT_EQ(letters({.on_dead_letter = [](braid::DeadLetter&) {}}), Lines{hook});
  EXPECT_EQ(letters({.to = To::discarded, .on_dead_letter = [](braid::DeadLetter&) {}}), Lines{hook});
}

TEST(RecoveryRules, ALimitSaysWhatFollows) {
  const Lines unsaid{
      "retries are limited, but nothing says what follows; name a dead_letter topic, or say on_exhausted: skip or "
      "stop"};
  EXPECT_EQ(problems([](auto& t) { t.retries({.max = 0}); }), unsaid);
  EXPECT_EQ(problems([](auto& t) { t.retries({.max = 3}); }), unsaid);
  EXPECT_EQ(problems([](auto& t) { t.retries({.max_elapsed = 1min}); }), unsaid);
  EXPECT_EQ(problems([](auto& t) { t.retries({.retry_if = kAnyError}); }), unsaid);
  EXPECT_EQ(problems([](auto& t) { t.retries({.max = braid::unlimited, .retry_if = kAnyError}); }), unsaid);
}

TEST(RecoveryRules, WhatNeverHappensIsNotSaid) {
  const auto never = [](const std::string& what) {
    return Lines{"on_exhausted: " + what +
                 " never happens, since retries have no limit; give retries a max or a max_elapsed, or leave "
                 "on_exhausted out"};
  };
  EXPECT_EQ(problems([](auto& t) { t.on_exhausted(OnExhausted::skip); }), never("skip"));
  EXPECT_EQ(problems([](auto& t) { t.on_exhausted(OnExhausted::stop); }), never("stop"));
  EXPECT_EQ(problems([](auto& t) {
              t.dead_letter("d").retries({.max = braid::unlimited}).on_exhausted(OnExhausted::dead_letter);
            }),
            never("dead_letter"));
  EXPECT_EQ(problems([](auto& t) {
              t.dead_letter("d").retries({.max = braid::unlimited}).on_exhausted(OnExhausted::park);
            }),
            never("park"));
  EXPECT_EQ(problems([](auto& t) { t.dead_letter("d").max_parked(5); }),
            Lines{"max_parked bounds what on_exhausted: park keeps, and nothing is parked here; leave it out"});
}

TEST(RecoveryRules, WhatNeedsDeadLettersHasThem) {
  EXPECT_EQ(problems([](auto& t) { t.retries({.max = 1}).on_exhausted(OnExhausted::dead_letter); }),
            Lines{"on_exhausted: dead_letter needs a dead_letter topic"});
  EXPECT_EQ(problems([](auto& t) { t.retries({.max = 1}).on_exhausted(OnExhausted::park); }),
            Lines{"on_exhausted: park needs a dead_letter topic, where messages go when max_parked are parked "
                  "already"});
}

TEST(RecoveryRules, MarksAndParkedMessagesDoNotGoTogether) {
  EXPECT_EQ(
      problems([](auto& t) { t.dead_letter("d").on_exhausted(OnExhausted::park).offsets(Offsets::manual); }),
      Lines{"on_exhausted: park needs offsets: automatic, since a mark behind a parked message would cover it"});
}

TEST(RecoveryRules, OnlyBatchesOfAutomaticOffsetsCollapse) {
  EXPECT_EQ(problems([](auto& t) { t.on_failure(OnFailure::collapse).flow(Flow::continuous); }),
            Lines{"on_failure: collapse needs flow: batch, whose batches are run again as one; use isolate"});
  EXPECT_EQ(problems([](auto& t) { t.on_failure(OnFailure::collapse).offsets(Offsets::manual); }),
            Lines{"on_failure: collapse needs offsets: automatic, since what is not marked may be done soon and "
                  "would run again; use isolate"});
  EXPECT_EQ(problems([](auto& t) { t.on_failure(OnFailure::collapse).commit(When::before_processing); }),
            Lines{"on_failure: collapse runs a batch again, which commit: before_processing never does; leave it "
                  "out"});
}

TEST(RecoveryRules, AtMostOnceRepeatsNothing) {
  const Lines nothing{
      "commit: before_processing is at most once, so nothing is tried again; give the topic retries with a max of "
      "0 "
      "and nothing else"};
  const auto retries = [](Retries value) {
    return problems([&](auto& t) { t.commit(When::before_processing).dead_letter("d").retries(value); });
  };
  EXPECT_EQ(retries({.max = 1}), nothing);
  EXPECT_EQ(retries({.max = braid::unlimited}), nothing);
  EXPECT_EQ(retries({.max_elapsed = 1s}), nothing);
  EXPECT_EQ(retries({.max = 0, .retry_if = kAnyError}), nothing);
  EXPECT_EQ(
      problems([](auto& t) { t.commit(When::before_processing).dead_letter("d").on_exhausted(OnExhausted::park); }),
      Lines{"commit: before_processing has committed a message before it could be parked; use skip, stop or "
            "dead_letter"});
}

// Topics of a consumer group, in subscription groups of their own, and where their dead letters go.
Lines circles(const std::vector<std::pair<std::string, std::string>>& topics) {
  return lines(validate(draw([&](RoutesBuilder& r) {
    ConsumerGroupBuilder group = r.consumer_group("g");
    for (const auto& [name, letters] : topics) {
      TopicBuilder topic = group.subscription_group(name).topic(name);
      topic.consumer<Totals>();
      if (!letters.empty()) topic.dead_letter(letters);
    }
  })));
}

TEST(RecoveryRules, DeadLettersDoNotComeBack) {
  const auto circle = [](const std::string& first, const std::string& way) {
    return "g / " + first + " / " + first + ": dead letters of this consumer group go in a circle: " + way +
           "; let those of one of them go elsewhere";
  };
  EXPECT_EQ(circles({{"a", "b"}, {"b", "a"}}), Lines{circle("a", "'a' -> 'b' -> 'a'")});
  EXPECT_EQ(circles({{"x", "c"}, {"b", "c"}, {"c", "a"}, {"a", "b"}}),
            Lines{circle("b", "'b' -> 'c' -> 'a' -> 'b'")});
  EXPECT_EQ(circles({{"a", "b"}, {"b", "a"}, {"c", "d"}, {"d", "c"}}),
            (Lines{circle("a", "'a' -> 'b' -> 'a'"), circle("c", "'c' -> 'd' -> 'c'")}));
  EXPECT_EQ(circles({{"a", "b"}, {"b", "c"}, {"c", "d"}, {"x", "b"}}), Lines{});
  EXPECT_EQ(circles({{"a", "b"}, {"b", ""}}), Lines{});
}

TEST(RecoveryRules, AnotherConsumerGroupIsNoCircle) {
  EXPECT_EQ(lines(validate(draw([](RoutesBuilder& r) {
              r.consumer_group("one").topic("a").consumer<Totals>().dead_letter("b");
              r.consumer_group("two").topic("b").consumer<Totals>().dead_letter("a");
            }))),
            Lines{});
}

TEST(RecoveryRules, InheritedRetriesAreJudgedOnceWhereTheyAreSet) {
  const auto got = [](const std::function<void(ConsumerGroupBuilder&, SubscriptionGroupBuilder&)>& set) {
    return lines(validate(draw([&](RoutesBuilder& r) {
      ConsumerGroupBuilder group = r.consumer_group("g");
      SubscriptionGroupBuilder child = group.subscription_group("s");
      child.topic("a").consumer<Totals>().dead_letter("a.dlq");
      child.topic("b").consumer<Totals>().dead_letter("b.dlq");
      set(group, child);
    })));
  };
  const std::string problem = "retries: backoff must be at least 1ms, is 0";
  const Retries bad{.backoff = braid::fixed(0ms)};
  EXPECT_EQ(got([&](auto& g, auto&) { g.retries(bad); }), Lines{"g: " + problem});
  EXPECT_EQ(got([&](auto&, auto& s) { s.retries(bad); }), Lines{"g / s: " + problem});
  EXPECT_EQ(got([&](auto& g, auto& s) {
              g.retries(bad);
              s.retries({.backoff = braid::fixed(-1ms)});
            }),
            (Lines{"g: " + problem, "g / s: retries: backoff must be at least 1ms, is -1ms"}));
}

}  // namespace
