#include "runtime/transactions.hpp"

#include <braid/consumer.hpp>
#include <braid/routing/draw.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace braid::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> problems(const std::string& id, routing::Delivery delivery) {
  Settings settings;
  settings.transactional_id = id;
  const routing::Routes routes = routing::draw(
      [&](routing::RoutesBuilder& r) { r.consumer_group("billing").topic("orders").delivery(delivery); });
  std::vector<std::string> problems;
  check_transactions(settings, routes, problems);
  return problems;
}

TEST(CheckTransactions, ExactlyOnceNeedsAnIdOfItsOwn) {
  EXPECT_THAT(
      problems("", routing::Delivery::exactly_once),
      ElementsAre("transactional_id is missing: topic orders is delivery: exactly_once; set one that no other "
                  "process has, e.g. the name of the service and of its instance"));
  EXPECT_THAT(problems("billing-7", routing::Delivery::exactly_once), IsEmpty());
}

TEST(CheckTransactions, OthersNeedNone) {
  EXPECT_THAT(problems("", routing::Delivery::at_least_once), IsEmpty());
}

std::vector<std::string> problems_of_servers(const std::string& applications, const std::string& groups,
                                             const std::string& producers = {}) {
  Settings settings;
  settings.transactional_id = "billing-7";
  settings.kafka["bootstrap.servers"] = applications;
  if (!producers.empty()) settings.producer["bootstrap.servers"] = producers;
  const routing::Routes routes = routing::draw([&](routing::RoutesBuilder& r) {
    auto group = r.consumer_group("billing");
    if (!groups.empty()) group.kafka("bootstrap.servers", groups);
    group.topic("orders").delivery(routing::Delivery::exactly_once);
    group.topic("views");
  });
  std::vector<std::string> problems;
  check_transactions(settings, routes, problems);
  return problems;
}

TEST(CheckTransactions, AreOfOneCluster) {
  EXPECT_THAT(problems_of_servers("a:9092,b:9092", ""), IsEmpty());
  EXPECT_THAT(problems_of_servers("a:9092, b:9092", "c:9092 ,b:9092"), IsEmpty());
  EXPECT_THAT(problems_of_servers("a:9092", "c:9092", "c:9092"), IsEmpty());
  EXPECT_THAT(
      problems_of_servers("a:9092", "c:9092"),
      ElementsAre(::testing::HasSubstr("topic orders of group billing is delivery: exactly_once and read from "
                                       "c:9092, but what its consumers send goes to a:9092")));
  EXPECT_THAT(problems_of_servers("a:9092", "", "c:9092"), ElementsAre(::testing::HasSubstr("goes to c:9092")));
}

}  // namespace
}  // namespace braid::runtime
