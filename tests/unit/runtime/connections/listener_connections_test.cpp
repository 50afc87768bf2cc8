#include "runtime/connections/listener_connections.hpp"

#include <braid/routing/draw.hpp>

#include <gtest/gtest.h>

#include <string>

namespace braid::runtime {
namespace {

// The group.instance.id of one connection, where the application sets `member`.
std::string instance_of(const routing::Connections& connections, std::uint32_t number) {
  const auto routes = routing::draw(
      [&](routing::RoutesBuilder& r) { r.consumer_group("g").subscription_group("s").connections(connections); });
  const auto& group = routes.consumer_groups.front();
  Settings settings;
  settings.kafka = {{"group.instance.id", "member"}};
  return client_settings(settings, Node{},
                         {&group, &group.subscription_groups.front(), number, 0})["group.instance.id"];
}

TEST(ClientSettings, EachConnectionIsAMemberOfItsOwn) {
  EXPECT_EQ(instance_of({.count = 2}, 0), "member-0");
  EXPECT_EQ(instance_of({.count = 2}, 1), "member-1");
}

TEST(ClientSettings, OneThatMayBeAddedIsToo) {
  EXPECT_EQ(instance_of({.min = 1, .max = 3}, 0), "member-0");
  EXPECT_EQ(instance_of({.min = 1, .max = 3}, 2), "member-2");
}

TEST(ClientSettings, TheOnlyOneKeepsTheName) {
  EXPECT_EQ(instance_of({}, 0), "member");
}

// They are members of one group of Kafka's.
TEST(ClientSettings, ConnectionsOfTwoSubscriptionGroupsOfAGroupAreTwoMembers) {
  const auto routes = routing::draw([](routing::RoutesBuilder& r) {
    auto group = r.consumer_group("g");
    group.subscription_group("fast");
    group.subscription_group("slow");
  });
  const auto& group = routes.consumer_groups.front();
  Settings settings;
  settings.kafka = {{"group.instance.id", "member"}};
  Node node;
  node.number = 4;
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(client_settings(settings, node, {&group, &group.subscription_groups[i], 0, i})["group.instance.id"],
              "member-4-" + std::to_string(i));
  }
}

TEST(ClientSettings, TheRoutesWinOverTheApplication) {
  const auto routes = routing::draw([](routing::RoutesBuilder& r) {
    auto group = r.consumer_group("g");
    group.kafka("bootstrap.servers", "elsewhere:9092");
    group.subscription_group("s");
  });
  const auto& group = routes.consumer_groups.front();
  Settings settings;
  settings.kafka = {{"bootstrap.servers", "localhost:9092"}, {"client.rack", "a"}};
  const auto merged = client_settings(settings, Node{}, {&group, &group.subscription_groups.front(), 0, 0});
  EXPECT_EQ(merged.at("bootstrap.servers"), "elsewhere:9092");
  EXPECT_EQ(merged.at("client.rack"), "a");
}

}  // namespace
}  // namespace braid::runtime
