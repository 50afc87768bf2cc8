#include "consumers.hpp"

#include <braid/routing/consumer_registry.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using braid::routing::ConsumerRegistry;
using routing_test::Totals;

TEST(ConsumerRegistry, FindsClassesByTheirNameAndByChosenOnes) {
  ConsumerRegistry registry;
  registry.add<Totals>().add<Totals>("by_day");
  ASSERT_NE(registry.find("Totals"), nullptr);
  EXPECT_NE(dynamic_cast<Totals*>((*registry.find("by_day"))().get()), nullptr);
  EXPECT_EQ(registry.find("totals"), nullptr);
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"Totals", "by_day"}));
}

TEST(ConsumerRegistry, RefusesATakenNameAndKeepsTheFirst) {
  ConsumerRegistry registry;
  registry.add<Totals>();
  try {
    registry.add("Totals", nullptr);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "a consumer named 'Totals' is registered already");
  }
  EXPECT_TRUE(*registry.find("Totals"));
}

TEST(ConsumerRegistry, RefusesAnEmptyName) {
  ConsumerRegistry registry;
  EXPECT_THROW(registry.add<Totals>(""), std::invalid_argument);
}

}  // namespace
