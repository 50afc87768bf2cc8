// What routes say of payloads, in C++ and in files, and what is said of mistakes.

#include "consumers.hpp"

#include <braid/deserializer.hpp>
#include <braid/routing/describe.hpp>
#include <braid/routing/draw.hpp>
#include <braid/routing/validate.hpp>
#include <braid/typed_consumer.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace routing_test {

struct Event {
  int size = 0;
};
struct Order {
  int size = 0;
};
Event event_of(std::string_view payload) {
  return {static_cast<int>(payload.size())};
}

class Events : public braid::TypedConsumer<Event> {
 protected:
  void consume(braid::TypedBatch<Event>&) override {}
};
class Lines : public braid::TypedMessageConsumer<std::string> {
 protected:
  void consume(const braid::TypedMessage<std::string>&) override {}
};

}  // namespace routing_test

namespace {

using namespace braid::routing;
using routing_test::Event;
using routing_test::event_of;
using routing_test::Events;
using routing_test::lines;
using routing_test::topic_with;
using routing_test::Totals;
using Problems = std::vector<std::string>;
using Tune = std::function<void(TopicBuilder&)>;

Routes drawn(const Tune& tune) {
  return draw([&](RoutesBuilder& r) {
    TopicBuilder topic = r.consumer_group("analytics").subscription_group("clicks").topic("events");
    topic.consumer<Totals>();
    tune(topic);
  });
}
Problems problems_of(const Tune& tune) {
  return lines(validate(drawn(tune)));
}
const Topic& topic_of(const Routes& routes) {
  return routes.consumer_groups.at(0).subscription_groups.at(0).topics.at(0);
}

ConsumerRegistry registry() {
  ConsumerRegistry result = routing_test::registry();
  result.add<Events>().add<routing_test::Lines>().add("named", [] { return std::make_unique<Events>(); });
  result.add_deserializer("event_v1", &event_of);
  return result;
}

TEST(Deserializers, AClassTellsWhatItTakes) {
  EXPECT_TRUE(*topic_of(drawn([](auto& t) { t.template consumer<Events>(); })).taken_value->type == typeid(Event));
  EXPECT_TRUE(*topic_of(drawn([](auto& t) { t.template consumer<routing_test::Lines>(); })).taken_value->type ==
              typeid(std::string));
  EXPECT_FALSE(topic_of(drawn([](auto&) {})).taken_value);
  EXPECT_FALSE(topic_of(drawn([](auto& t) {
                 t.template consumer<Events>().consumer("named", [] { return std::make_unique<Events>(); });
               })).taken_value)
      << "the last one wins";
}

TEST(Deserializers, WhatFitsIsNoProblem) {
  EXPECT_EQ(problems_of([](auto& t) { t.template consumer<Events>().deserializer(&event_of); }), Problems{});
  EXPECT_EQ(problems_of([](auto& t) {
              t.template consumer<Events>().deserializer([](const braid::Message&) { return Event{}; });
            }),
            Problems{});
  EXPECT_EQ(problems_of([](auto& t) { t.template consumer<routing_test::Lines>(); }), Problems{});
  EXPECT_EQ(problems_of([](auto& t) { t.template consumer<routing_test::Lines>().deserializer(braid::text()); }),
            Problems{});
  EXPECT_EQ(problems_of([](auto& t) { t.deserializer(braid::json()); }), Problems{})
      << "whoever takes messages may still read them so";
}

TEST(Deserializers, WhatDoesNotFitIsFoundBeforeAnythingRuns) {
  const std::string address = "analytics / clicks / events: ";
  EXPECT_EQ(problems_of([](auto& t) {
              t.template consumer<Events>().deserializer([](std::string_view) { return routing_test::Order{}; });
            }),
            Problems{address + "deserializer: it makes routing_test::Order, and the consumer takes "
                               "routing_test::Event"});
  EXPECT_EQ(problems_of([](auto& t) { t.template consumer<Events>(); }),
            Problems{address + "deserializer: it is missing, since routing_test::Event, which the consumer takes, "
                               "has no braid::Decode of its own"});
  EXPECT_EQ(problems_of([](auto& t) { t.template consumer<Events>().deserializer(braid::raw()); }),
            Problems{address + "deserializer: raw makes no routing_test::Event, which the consumer takes; it makes "
                               "strings and bytes"});
  const std::string missing = address + "the deserializer's function is missing";
  const std::function<Event(const braid::Message&)> nothing;
  EXPECT_EQ(problems_of([&](auto& t) { t.template consumer<Events>().deserializer(nothing); }), Problems{missing});
  Event (*const no_function)(std::string_view) = nullptr;
  EXPECT_EQ(problems_of([&](auto& t) { t.deserializer(no_function); }), Problems{missing});
}

TEST(Deserializers, FilesNameThem) {
  const std::vector<std::pair<std::string, Tune>> cases{
      {"deserializer: raw", [](auto& t) { t.deserializer(braid::raw()); }},
      {"deserializer: text", [](auto& t) { t.deserializer(braid::text()); }},
      {"deserializer: json", [](auto& t) { t.deserializer(braid::json()); }},
      {"deserializer: event_v1", [](auto& t) { t.deserializer(&event_of); }},
  };
  for (const auto& [yaml, tune] : cases) {
    const Loaded loaded = load_text(topic_with(yaml), registry());
    EXPECT_EQ(lines(loaded.problems), Problems{}) << yaml;
    EXPECT_TRUE(loaded.routes == drawn(tune)) << yaml;
    EXPECT_FALSE(loaded.routes == drawn([](auto&) {})) << yaml;
  }
  EXPECT_FALSE(drawn([](auto& t) { t.deserializer(&event_of); }) ==
               drawn([](auto& t) { t.deserializer([](std::string_view) { return routing_test::Order{}; }); }));
}

TEST(Deserializers, MistakesInFilesHaveTheirPlace) {
  const auto problems = [](const std::string& yaml) {
    return lines(load_text(topic_with(yaml), registry(), "routing.yaml").problems);
  };
  const std::string place = "routing.yaml:7:27: analytics / clicks / events: ";
  EXPECT_EQ(problems("deserializer: event_v2"),
            Problems{place + "unknown deserializer 'event_v2'; did you mean 'event_v1'?"});
  EXPECT_EQ(problems("deserializer: avro"),
            Problems{place + "unknown deserializer 'avro'; known: event_v1, json, raw, text"});
  EXPECT_EQ(problems("deserializer: [raw]"), Problems{place + "deserializer must be text, is a list"});

  // What a class takes is known to files by the registry.
  const auto of = [](const std::string& topic) {
    return lines(load_text("consumer_groups: [{id: g, topics: [{name: t, " + topic + "}]}]", registry()).problems);
  };
  EXPECT_EQ(of("consumer: Events, deserializer: event_v1"), Problems{});
  EXPECT_EQ(of("consumer: Events, deserializer: text"),
            Problems{"routing.yaml:1:78: g / g / t: deserializer: text makes no routing_test::Event, which the "
                     "consumer takes; it makes std::string_view and std::string"});
  EXPECT_EQ(of("consumer: Lines"), Problems{});
  EXPECT_EQ(of("consumer: named, deserializer: text"), Problems{}) << "nobody knows what it takes";
}

TEST(Deserializers, ARegistryKeepsTheFirstOfAName) {
  ConsumerRegistry registry;
  registry.add_deserializer("event", &event_of);
  EXPECT_EQ(registry.deserializer_names(), (std::vector<std::string>{"event", "json", "raw", "text"}));
  EXPECT_THROW(registry.add_deserializer("event", braid::text()), std::invalid_argument);
  EXPECT_THROW(registry.add_deserializer("json", &event_of), std::invalid_argument);
  EXPECT_THROW(registry.add_deserializer("", &event_of), std::invalid_argument);
  EXPECT_TRUE(registry.find_deserializer("event")->decoder);
  EXPECT_EQ(registry.find_deserializer("Event"), nullptr);
}

TEST(Deserializers, AreDescribed) {
  const auto payloads = [](const Tune& tune) {
    const std::string text = describe(drawn(tune));
    const std::size_t from = text.find("payloads: ");
    return from == std::string::npos ? "" : text.substr(from + 10, text.find('\n', from) - from - 10);
  };
  EXPECT_EQ(payloads([](auto&) {}), "");
  EXPECT_EQ(payloads([](auto& t) { t.deserializer(braid::raw()); }), "raw");
  EXPECT_EQ(payloads([](auto& t) { t.deserializer(braid::text()); }), "text");
  EXPECT_EQ(payloads([](auto& t) { t.deserializer(braid::json()); }), "JSON");
  EXPECT_EQ(payloads([](auto& t) { t.deserializer(&event_of); }), "a function that makes routing_test::Event");
}

}  // namespace
