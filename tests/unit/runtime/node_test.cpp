#include "runtime/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace braid::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Told {
  Node node;
  std::vector<std::string> problems;
};

Told told(const std::map<std::string, std::string>& environment) {
  Told result;
  result.node = node_of(
      [&](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
      },
      result.problems);
  return result;
}

TEST(Node, WithoutASwarmChangesNothing) {
  const auto [node, problems] = told({});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_FALSE(node.number);
  EXPECT_FALSE(node.heartbeat);
  EXPECT_EQ(client_id_of(node, "orders"), "orders");
  EXPECT_EQ(group_instance_id_of(node, "", {}), "");
  EXPECT_EQ(group_instance_id_of(node, "me", {}), "me");
  EXPECT_EQ(group_instance_id_of(node, "me", {.connection = 1, .only = false}), "me-1");
}

TEST(Node, IsToldByTheEnvironment) {
  const auto [node, problems] = told(
      {{"BRAID_NODE", "2"}, {"BRAID_NODES", "3"}, {"BRAID_HEARTBEAT_FD", "7"}, {"BRAID_GROUP_INSTANCE_ID", "o"}});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ(node.number, 2U);
  EXPECT_EQ(node.heartbeat, 7);
  EXPECT_EQ(client_id_of(node, "orders"), "orders-2");
  EXPECT_EQ(group_instance_id_of(node, "", {}), "o-2");
  EXPECT_EQ(group_instance_id_of(node, "mine", {}), "mine-2") << "the settings' own goes first";
}

TEST(Node, NoTwoMembersOfAGroupShareAnId) {
  const Node first = told({{"BRAID_NODE", "1"}}).node;
  const Node second = told({{"BRAID_NODE", "2"}}).node;
  std::map<std::string, int> ids;
  for (const Node& node : {first, second}) {
    for (std::uint32_t connection = 0; connection < 3; ++connection) {
      ++ids[group_instance_id_of(node, "me", {.connection = connection, .only = false})];
    }
  }
  EXPECT_EQ(ids.size(), 6U);
}

TEST(Node, WhatIsNoNumberIsToldAtOnce) {
  EXPECT_THAT(told({{"BRAID_NODE", "-1"}, {"BRAID_NODES", "many"}, {"BRAID_HEARTBEAT_FD", ""}}).problems,
              ElementsAre("environment: BRAID_NODE must be a whole number from 0 to 100000, is '-1'",
                          "environment: BRAID_NODES must be a whole number from 0 to 100000, is 'many'",
                          "environment: BRAID_HEARTBEAT_FD must be a whole number from 0 to 1000000, is ''"));
  EXPECT_THAT(told({{"BRAID_NODE", "3"}, {"BRAID_NODES", "3"}}).problems,
              ElementsAre("environment: BRAID_NODE must be below BRAID_NODES, 3, is 3"));
}

}  // namespace
}  // namespace braid::runtime
