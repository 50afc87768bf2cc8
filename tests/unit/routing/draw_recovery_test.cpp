#include "consumers.hpp"

#include <braid/recovery.hpp>
#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::Totals;

const Topic& only_topic(const Routes& routes) {
  return routes.consumer_groups.at(0).subscription_groups.at(0).topics.at(0);
}

TEST(DrawRecovery, RecordsWhatFollowsFailures) {
  const Routes routes = draw([](auto& r) {
    r.consumer_group("analytics", [](auto& g) {
      g.subscription_group("clicks", [](auto& s) {
        s.topic("events")
            .template consumer<Totals>()
            .retries({.max = 3, .backoff = braid::exponential(100ms, 30s), .max_elapsed = 5min})
            .on_failure(OnFailure::collapse)
            .on_exhausted(OnExhausted::park)
            .max_parked(20)
            .dead_letter("events.dlq");
      });
    });
  });
  const Topic& topic = only_topic(routes);
  EXPECT_EQ(topic.retries.max, 3u);
  EXPECT_EQ(topic.retries.backoff.kind, Backoff::Kind::exponential);
  EXPECT_EQ(topic.retries.backoff.initial, 100ms);
  EXPECT_EQ(topic.retries.backoff.max, 30s);
  EXPECT_EQ(topic.retries.max_elapsed, 5min);
  EXPECT_EQ(topic.on_failure, OnFailure::collapse);
  EXPECT_EQ(topic.on_exhausted, OnExhausted::park);
  EXPECT_EQ(topic.max_parked, 20u);
  EXPECT_EQ(topic.dead_letters.to, DeadLetters::To::topic);
  EXPECT_EQ(topic.dead_letters.topic, "events.dlq");
}

TEST(DrawRecovery, WhereDeadLettersGoFollowsFromWhatNamesIt) {
  const auto to = [](const DeadLetters& letters) {
    const Routes routes = draw([&](RoutesBuilder& r) { r.consumer_group("g").topic("t").dead_letter(letters); });
    return only_topic(routes).dead_letters.to;
  };
  using To = DeadLetters::To;
  const auto function = [](const braid::Message&) { return std::string("x"); };
  EXPECT_EQ(to({}), To::nowhere);
  EXPECT_EQ(to({.topic = "x"}), To::topic);
  EXPECT_EQ(to({.topic_of = function}), To::function);
  EXPECT_EQ(to({.to = To::discarded, .topic = "x"}), To::discarded) << "what is said stays";
  EXPECT_EQ(to({.topic = "x", .topic_of = function}), To::nowhere) << "nobody can tell which is meant";
}

}  // namespace
