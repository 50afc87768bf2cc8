// From topic to topic: what attempts leave behind, and what one transaction holds.

#include "integration/application/exactly_once_fixture.hpp"

#include <gtest/gtest.h>

namespace braid::integration {
namespace {

TEST_F(ExactlyOnceOnKafka, AttemptsThatFailLeaveNoEffect) {
  produce(3000, 50);
  Application app(transactional(), forwarding([](auto&) {}));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done >= 3000; }));
  ASSERT_TRUE(all_committed());
  EXPECT_GT(app.figures().attempts_failed, 0U);
  EXPECT_TRUE(app.stop().in_time);
  const Effects found = effects();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
}

TEST_F(ExactlyOnceOnKafka, SeveralBatchesShareATransaction) {
  produce(3000, 50);
  Application app(transactional(), forwarding([](auto& t) {
                    t.transaction_batches(1000).transaction_interval(1s).max_messages(10);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done >= 3000; }));
  ASSERT_TRUE(all_committed());
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_GE(app.figures().batches, 300U);
  EXPECT_LT(2 * app.figures().commits, app.figures().batches);
  const Effects found = effects();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
}

}  // namespace
}  // namespace braid::integration
