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

}  // namespace
}  // namespace braid::runtime
