#include "consumers.hpp"

#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>
#include <braid/routing/topic_pattern.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace braid::routing {
namespace {

using routing_test::Totals;
using Lines = std::vector<std::string>;

// The problems of a subscription group `g / s`.
Lines problems_of(const std::function<void(SubscriptionGroupBuilder&)>& add) {
  return routing_test::lines(validate(draw([&](RoutesBuilder& r) {
    auto group = r.consumer_group("g").subscription_group("s");
    add(group);
  })));
}

TEST(TopicPattern, MatchesAsTheClientDoes) {
  const TopicPattern orders("^orders\\..*");
  EXPECT_TRUE(orders.error().empty());
  EXPECT_TRUE(orders.matches("orders.eu"));
  EXPECT_TRUE(orders.matches("orders."));
  EXPECT_FALSE(orders.matches("orders"));
  EXPECT_FALSE(orders.matches("old.orders.eu"));
  EXPECT_TRUE(TopicPattern("^a").matches("ab")) << "behind its end may be anything";
  EXPECT_FALSE(TopicPattern("^a$").matches("ab"));
  EXPECT_TRUE(TopicPattern("^(a|b)[0-9]{2}$").matches("b42"));
}

TEST(TopicPattern, ACopyMatchesToo) {
  TopicPattern copy("^b");
  {
    const TopicPattern first("^a");
    copy = first;
  }
  EXPECT_TRUE(copy.matches("a"));
}

TEST(TopicPattern, WhatIsNoneSaysWhyAndMatchesNothing) {
  const TopicPattern open("^orders(");
  EXPECT_NE(open.error().find("regular expression"), std::string::npos);
  EXPECT_FALSE(open.matches("orders("));
  const TopicPattern plain("orders.*");
  EXPECT_NE(plain.error().find("begins with '^'"), std::string::npos);
  EXPECT_FALSE(plain.matches("orders.eu"));
}

TEST(TopicPattern, ARouteOfItIsJudged) {
  EXPECT_TRUE(problems_of([](SubscriptionGroupBuilder& group) {
                group.topics_matching("^orders\\..*").consumer<Totals>();
              }).empty());
  const auto wrong =
      problems_of([](SubscriptionGroupBuilder& group) { group.topics_matching("^orders[").consumer<Totals>(); });
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_TRUE(wrong[0].starts_with("g / s / ^orders[: matching: ")) << wrong[0];
  const auto plain =
      problems_of([](SubscriptionGroupBuilder& group) { group.topics_matching("orders").consumer<Totals>(); });
  ASSERT_EQ(plain.size(), 1U);
}

TEST(TopicPattern, DeadLettersDoNotComeBackToIt) {
  const auto own = problems_of([](SubscriptionGroupBuilder& group) {
    group.topics_matching("^orders\\..*").consumer<Totals>().dead_letter("orders.dlq");
  });
  ASSERT_EQ(own.size(), 1U);
  EXPECT_NE(own[0].find("matches"), std::string::npos);
  EXPECT_TRUE(problems_of([](SubscriptionGroupBuilder& group) {
                group.topics_matching("^orders\\..*").consumer<Totals>().dead_letter("dlq.orders");
              }).empty());
  const auto circle = problems_of([](SubscriptionGroupBuilder& group) {
    group.topics_matching("^orders\\..*").consumer<Totals>().dead_letter("dlq");
    group.topic("dlq").consumer<Totals>().dead_letter("orders.again");
  });
  ASSERT_EQ(circle.size(), 1U);
  EXPECT_NE(circle[0].find("circle"), std::string::npos) << circle[0];
}

TEST(TopicPattern, TheFileSaysTheSame) {
  const Loaded loaded = load_text(R"(
consumer_groups:
  - id: g
    topics:
      - {matching: '^orders\..*', consumer: Totals}
)",
                                  routing_test::registry());
  EXPECT_EQ(routing_test::lines(loaded.problems), Lines{});
  EXPECT_EQ(loaded.routes, draw([](RoutesBuilder& r) {
              r.consumer_group("g").topics_matching("^orders\\..*").consumer<Totals>();
            }));
  EXPECT_NE(loaded.routes,
            draw([](RoutesBuilder& r) { r.consumer_group("g").topic("^orders\\..*").consumer<Totals>(); }));
  EXPECT_NE(describe(loaded.routes).find("topics matching ^orders"), std::string::npos);
}

TEST(TopicPattern, AFileSaysWhereItIsWrong) {
  const auto problems = [](const std::string& topic) {
    return routing_test::lines(
        load_text("consumer_groups:\n  - id: g\n    topics:\n      - " + topic + "\n", routing_test::registry())
            .problems);
  };
  const Lines both = problems("{name: a, matching: '^b', consumer: Totals}");
  ASSERT_EQ(both.size(), 1U);
  EXPECT_NE(both[0].find(":4:"), std::string::npos) << both[0];
  EXPECT_NE(both[0].find("not both"), std::string::npos) << both[0];
  const Lines wrong = problems("{matching: 'orders', consumer: Totals}");
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_NE(wrong[0].find(":4:"), std::string::npos) << wrong[0];
}

}  // namespace
}  // namespace braid::routing
