#include "runtime/recovery.hpp"

#include "runtime/producer_settings.hpp"

#include <braid/consumer.hpp>
#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace braid::runtime {
namespace {

Settings settings() {
  return {.kafka = {{"bootstrap.servers", "one:9092"}, {"max.partition.fetch.bytes", "1000"}}};
}

std::vector<std::string> ids(const LetterRoute& route) {
  std::vector<std::string> all;
  for (const auto* group : route.groups) all.push_back(group->topics.front().name);
  return all;
}

TEST(LetterRoutes, GroupsOfOneClusterShareAProducerAndOthersHaveTheirOwn) {
  const routing::Routes routes = routing::draw([](routing::RoutesBuilder& r) {
    r.consumer_group("a").topic("a").dead_letter("dlq");
    auto there = r.consumer_group("b");
    there.kafka("bootstrap.servers", "two:9092");
    there.topic("b").dead_letter("dlq");
    // What a consumer alone heeds makes no other cluster of it.
    auto slow = r.consumer_group("c");
    slow.kafka("session.timeout.ms", 60'000).kafka("max.partition.fetch.bytes", 2'000);
    slow.topic("c").dead_letter("dlq");
    auto there_too = r.consumer_group("d");
    there_too.kafka("bootstrap.servers", "two:9092");
    there_too.topic("d").dead_letter("dlq");
  });
  const auto found = letter_routes(settings(), routes);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kafka.at("bootstrap.servers"), "one:9092");
  EXPECT_EQ(ids(found[0]), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(found[1].kafka.at("bootstrap.servers"), "two:9092");
  EXPECT_EQ(ids(found[1]), (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(found[1].kafka.at("acks"), "all");
}

TEST(LetterRoutes, WhoSendsNoneHasNoProducer) {
  const routing::Routes routes = routing::draw([](routing::RoutesBuilder& r) {
    r.consumer_group("a").topic("a");
    r.consumer_group("b").topic("b").dead_letter(routing::DeadLetters{.to = routing::DeadLetters::To::discarded});
  });
  EXPECT_TRUE(letter_routes(settings(), routes).empty());
}

}  // namespace
}  // namespace braid::runtime
