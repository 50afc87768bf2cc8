// A group that may not be used is told, and used when it may.

#include "mock/application/application_test.hpp"

#include <vector>

namespace braid::application_test {
namespace {

using testing::Api;
using testing::BrokerError;

// Of each request to come, for much longer than a test looks.
const std::vector<BrokerError> kAlways(10'000, BrokerError::group_not_authorized);

class GroupAccess : public ApplicationTest {
 protected:
  [[nodiscard]] std::size_t complaints() const { return log.count("group g may not be used"); }
};

// The library says it while a broker is looked for, before anybody has subscribed, and never again.
TEST_F(GroupAccess, AGroupThatMayNotBeLookedUpIsSaidOnceAndJoinedLater) {
  make_topic("orders");
  produce("orders", 20);
  cluster.fail_next(Api::find_coordinator, kAlways);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return complaints() > 0; })) << log.text();
  EXPECT_EQ(app.state(), ApplicationState::running);
  EXPECT_FALSE(eventually([&] { return complaints() > 1; }, 2s)) << log.text();
  EXPECT_EQ(log.count("access lists"), 1U) << log.text();
  cluster.clear_failures(Api::find_coordinator);
  EXPECT_TRUE(all_seen(20));
  EXPECT_EQ(log.count("group g may be used again"), 1U);
  EXPECT_TRUE(app.stop().in_time);
}

// It may be looked up (DESCRIBE) and not be joined (READ), which the library says at each try.
TEST_F(GroupAccess, AGroupThatMayNotBeJoinedIsSaidOnceToo) {
  make_topic("orders");
  produce("orders", 20);
  cluster.fail_next(Api::join_group, kAlways);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return complaints() > 0; })) << log.text();
  EXPECT_FALSE(eventually([&] { return complaints() > 1; }, 2s)) << log.text();
  cluster.clear_failures(Api::join_group);
  EXPECT_TRUE(all_seen(20));
  EXPECT_TRUE(app.stop().in_time);
}

}  // namespace
}  // namespace braid::application_test
