// What stands before the consumer, in C++ and in files: what it means, and what is said of mistakes.

#include "consumers.hpp"

#include <braid/filter.hpp>
#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/load.hpp>
#include <braid/routing/validate.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace braid::routing;
using routing_test::lines;
using routing_test::topic_with;
using routing_test::Totals;
using Lines = std::vector<std::string>;

class OnlyOrders : public braid::Filter {
 public:
  braid::Verdict ask(const braid::Message&, const braid::FilterTime&) override { return braid::Verdict::pass(); }
};

class OnlyRegion : public braid::Filter {
 public:
  explicit OnlyRegion(std::string region) : region_(std::move(region)) {}
  braid::Verdict ask(const braid::Message&, const braid::FilterTime&) override { return braid::Verdict::pass(); }

 private:
  std::string region_;
};

ConsumerRegistry registry() {
  ConsumerRegistry result = routing_test::registry();
  result.filters().add<OnlyOrders>();
  result.filters().add("only_eu", [] { return std::make_unique<OnlyRegion>("eu"); });
  result.filters().add("empty", braid::FilterFactory{});
  return result;
}

Loaded load(const std::string& options) {
  return load_text(topic_with(options), registry(), "routing.yaml");
}

Routes drawn(const std::function<void(TopicBuilder&)>& set) {
  return draw([&](RoutesBuilder& r) {
    TopicBuilder topic = r.consumer_group("analytics").subscription_group("clicks").topic("events");
    topic.consumer<Totals>();
    set(topic);
  });
}

// The problems of the topic's options, without the address, which all of them have.
Lines problems(const std::function<void(TopicBuilder&)>& set) {
  Lines result = lines(validate(drawn(set)));
  for (std::string& line : result) {
    EXPECT_TRUE(line.starts_with("analytics / clicks / events: ")) << line;
    line.erase(0, 29);
  }
  return result;
}

TEST(Filters, InAFileTheyAreWhatTheDslDraws) {
  struct Option {
    const char* yaml;
    std::function<void(TopicBuilder&)> draw;
  };
  const std::vector<Option> options{
      {"filters: []", [](auto&) {}},
      {"filters: [{throttle: {messages: 100, per: 1s}}]", [](auto& t) { t.filter(braid::throttle(100, 1s)); }},
      {"filters: [{throttle: {messages: 100, per: 1s, by: partition}}]",
       [](auto& t) { t.filter(braid::throttle(100, 1s)); }},
      {"filters: [{throttle: {messages: 5, per: 1m, by: key, burst: 2}}]",
       [](auto& t) { t.filter(braid::throttle_by_key(5, 1min, 2)); }},
      {"filters: [{delay: 5s}, {expire: 1h}]",
       [](auto& t) { t.filter(braid::delay(5s)).filter(braid::expire(1h)); }},
      {"filters: [{filter: OnlyOrders}, {filter: only_eu}]",
       [](auto& t) {
         t.template filter<OnlyOrders>().filter("only_eu", [] { return std::make_unique<OnlyRegion>("eu"); });
       }},
  };
  for (const Option& option : options) {
    const Loaded loaded = load(option.yaml);
    EXPECT_EQ(lines(loaded.problems), Lines{}) << option.yaml;
    EXPECT_TRUE(loaded.routes == drawn(option.draw)) << option.yaml;
  }
}

TEST(Filters, AreToldApart) {
  const std::vector<std::function<void(TopicBuilder&)>> all{
      [](auto&) {},
      [](auto& t) { t.filter(braid::throttle(100, 1s)); },
      [](auto& t) { t.filter(braid::throttle(100, 2s)); },
      [](auto& t) { t.filter(braid::throttle(99, 1s)); },
      [](auto& t) { t.filter(braid::throttle(100, 1s, 100)); },
      [](auto& t) { t.filter(braid::throttle_by_key(100, 1s)); },
      [](auto& t) { t.filter(braid::delay(1s)); },
      [](auto& t) { t.filter(braid::expire(1s)); },
      [](auto& t) { t.filter(braid::delay(1s)).filter(braid::delay(1s)); },
      [](auto& t) { t.template filter<OnlyOrders>(); },
      [](auto& t) { t.filter("OnlyOrders", {}); },
      [](auto& t) { t.filter("only_eu", [] { return nullptr; }); },
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all.size(); ++j) EXPECT_EQ(drawn(all[i]) == drawn(all[j]), i == j) << i << ' ' << j;
  }
}

TEST(Filters, AClassMakesItsOwnAndAFactoryAnything) {
  const Routes routes = drawn([](auto& t) {
    t.template filter<OnlyOrders>().template filter<OnlyRegion>([] { return std::make_unique<OnlyRegion>("us"); });
  });
  const auto& filters = routes.consumer_groups[0].subscription_groups[0].topics[0].filters;
  ASSERT_EQ(filters.size(), 2U);
  EXPECT_EQ(filters[0].name, "OnlyOrders");
  EXPECT_NE(dynamic_cast<OnlyOrders*>(filters[0].factory().get()), nullptr);
  EXPECT_EQ(filters[1].name, "OnlyRegion");
  EXPECT_NE(dynamic_cast<OnlyRegion*>(filters[1].factory().get()), nullptr);
}

TEST(Filters, AreDescribed) {
  const std::string text = describe(drawn([](auto& t) {
    t.filter(braid::throttle(100, 1s)).filter(braid::throttle_by_key(5, 1min, 2)).filter(braid::delay(5s));
    t.filter(braid::expire(1h)).template filter<OnlyOrders>();
  }));
  EXPECT_NE(text.find("      filters: throttle 100 in 1s; throttle 5 in 1m by key, at once 2; delay 5s; "
                      "expire after 1h; OnlyOrders\n"),
            std::string::npos)
      << text;
}

TEST(Filters, WhatTheyMayBeIsChecked) {
  EXPECT_EQ(problems([](auto& t) { t.filter(braid::delay(-5s)); }),
            Lines{"filter 1: delay must be at least 1ms, is -5s"});
  EXPECT_EQ(problems([](auto& t) { t.filter(braid::delay(5s)).filter(braid::expire(0s)); }),
            (Lines{"filter 2: expire must be at least 1ms, is 0",
                   "filter 2: expire (0) must be more than delay (5s), or every message would be skipped"}));
  EXPECT_EQ(problems([](auto& t) { t.filter(braid::expire(5s)).filter(braid::delay(5s)); }),
            Lines{"filter 2: expire (5s) must be more than delay (5s), or every message would be skipped"});
  EXPECT_EQ(problems([](auto& t) { t.filter(braid::throttle(0, -1s, 0)); }),
            (Lines{"filter 1: throttle: messages must be at least 1, is 0",
                   "filter 1: throttle: per must be at least 1ms, is -1s",
                   "filter 1: throttle: burst must be at least 1, is 0"}));
  EXPECT_EQ(problems([](auto& t) { t.filter(braid::throttle(1'000'001, 25h)); }),
            (Lines{"filter 1: throttle: messages must be at most 1000000, is 1000001",
                   "filter 1: throttle: per must be at most 24h, is 25h"}));
  EXPECT_EQ(problems([](auto& t) { t.filter("", {}); }),
            (Lines{"filter 1: the filter must have a name", "filter 1: the filter's factory is missing"}));
  EXPECT_EQ(problems([](auto& t) { t.filter(braid::delay(5s)).filter(braid::expire(6s)); }), Lines{});
}

TEST(Filters, MistakesInFilesHaveTheirPlace) {
  // The options start on line 7 at column 13; the list's first item at column 23.
  struct Mistake {
    const char* yaml;
    Lines problems;
  };
  const std::string at = "routing.yaml:7:";
  const std::string address = ": analytics / clicks / events: ";
  const std::vector<Mistake> mistakes{
      {"filters: [{delay: -5s}]", {"23" + address + "filter 1: delay must be at least 1ms, is -5s"}},
      {"filters: [{delay: 5s}, {expire: 4s}]",
       {"36" + address + "filter 2: expire (4s) must be more than delay (5s), or every message would be skipped"}},
      {"filters: [{delay: soon}]",
       {"31" + address + "delay must be a duration such as 100ms, 5s, 2m or 0, is 'soon'"}},
      {"filters: [{throttle: {messages: -1, per: 1s}}]",
       {"45" + address + "throttle: messages must be at least 1, is -1"}},
      {"filters: [{throttle: {messages: 0, per: 1s}}]",
       {"23" + address + "filter 1: throttle: messages must be at least 1, is 0"}},
      {"filters: [{throttle: {messages: 1}}]", {"34" + address + "throttle must have per"}},
      {"filters: [{throttle: {messages: 1, per: 1s, by: topic}}]",
       {"61" + address + "unknown throttle: by 'topic'; known: partition, key"}},
      {"filters: [{throttle: 5}]", {"34" + address + "throttle must be a mapping, is '5'"}},
      {"filters: [{throtle: {messages: 1, per: 1s}}]",
       {"24" + address + "unknown key 'throtle'; did you mean 'throttle'?"}},
      {"filters: [{delay: 5s, expire: 6s}]",
       {"23" + address +
        "a filter must be one of throttle, delay, expire and filter, is 2 of them; each is an item of its own"}},
      {"filters: [{}]",
       {"23" + address +
        "a filter must be one of throttle, delay, expire and filter, is 0 of them; each is an item of its own"}},
      {"filters: [delay]", {"23" + address + "a filter must be a mapping, is 'delay'"}},
      {"filters: {delay: 5s}", {"22" + address + "filters must be a list, is a mapping"}},
      {"filters: [{filter: OnlyOrdrs}]",
       {"32" + address + "unknown filter 'OnlyOrdrs'; did you mean 'OnlyOrders'?"}},
      {"filters: [{filter: empty}]", {"32" + address + "filter 'empty' is registered with an empty factory"}},
  };
  for (const Mistake& mistake : mistakes) {
    Lines expected = mistake.problems;
    for (std::string& line : expected) line.insert(0, at);
    EXPECT_EQ(lines(load(mistake.yaml).problems), expected) << mistake.yaml;
  }
}

TEST(FilterRegistry, TakesEachNameOnceAndNoneThatIsEmpty) {
  FilterRegistry filters;
  filters.add<OnlyOrders>();
  EXPECT_THROW(filters.add<OnlyOrders>(), std::invalid_argument);
  EXPECT_THROW(filters.add("", [] { return nullptr; }), std::invalid_argument);
  filters.add<OnlyOrders>("again");
  EXPECT_EQ(filters.names(), (Lines{"OnlyOrders", "again"}));
  EXPECT_NE(filters.find("again"), nullptr);
  EXPECT_EQ(filters.find("never"), nullptr);
}

TEST(FilterRegistry, AFileThatNamesOneThoughThereIsNoneSaysSo) {
  const Loaded loaded =
      load_text(topic_with("filters: [{filter: OnlyOrders}]"), routing_test::registry(), "routing.yaml");
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].message, "unknown filter 'OnlyOrders'; none is registered");
}

}  // namespace
