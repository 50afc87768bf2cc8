#include "mock/application/application_test.hpp"

namespace braid::application_test {
namespace {

class Restart : public ApplicationTest {};

TEST_F(Restart, ContinuesFromTheCommittedPositions) {
  make_topic("orders", 2);
  produce("orders", 200, 20);
  {
    Application app(settings(), route("g", "orders", recorder));
    app.start();
    ASSERT_TRUE(all_seen(200));
    app.stop();
  }
  produce("orders", 100, 20);
  Application again(settings(), route("g", "orders", recorder));
  again.start();
  EXPECT_TRUE(all_seen(300));
  again.stop();
  EXPECT_EQ(recorder->count(), 300U);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
}

TEST_F(Restart, AStoppedApplicationIsNotStartedAgain) {
  make_topic("orders");
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_THROW(app.start(), ApplicationError);
}

TEST_F(Restart, WithoutAPositionEarliestReadsAll) {
  make_topic("orders");
  produce("orders", 20);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.initial_offset(InitialOffset::earliest);
                  }));
  app.start();
  EXPECT_TRUE(all_seen(20));
  app.stop();
  EXPECT_EQ(recorder->count(), 20U);
}

TEST_F(Restart, WithoutAPositionLatestReadsWhatComes) {
  make_topic("orders");
  produce("orders", 20);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.initial_offset(InitialOffset::latest);
                  }));
  app.start();
  // Where the reading starts is asked of the broker a little after the assignment, so what is produced meanwhile
  // may or may not come; in the end it must.
  ASSERT_TRUE(eventually([&] {
    produce("orders", 1);
    return recorder->count() > 0;
  }));
  const std::int64_t first = recorder->seen().front().offset;
  EXPECT_GE(first, 20);
  EXPECT_TRUE(all_seen(static_cast<std::size_t>(ends("orders", 1)[0] - first)));
  app.stop();
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
}

TEST_F(Restart, WithoutAPositionFailEndsTheRun) {
  make_topic("orders");
  produce("orders", 20);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.initial_offset(InitialOffset::fail);
                  }));
  try {
    app.run();
    FAIL() << "run() returned";
  } catch (const ApplicationError& error) {
    EXPECT_NE(std::string(error.what()).find("orders/0"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("initial_offset"), std::string::npos) << error.what();
  }
  EXPECT_EQ(recorder->count(), 0U);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{-1});
}

TEST_F(Restart, WithAPositionThePolicyIsNotAsked) {
  make_topic("orders");
  produce("orders", 20);
  commit("g", "orders", 0, 15);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.initial_offset(InitialOffset::fail);
                  }));
  app.start();
  EXPECT_TRUE(all_seen(5));
  app.stop();
  for (const Seen& one : recorder->seen()) EXPECT_GE(one.offset, 15);
  EXPECT_EQ(recorder->count(), 5U);
}

TEST_F(Restart, APositionBeyondTheLogIsAnsweredByThePolicy) {
  make_topic("orders");
  produce("orders", 20);
  commit("g", "orders", 0, 1000);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(all_seen(20));
  app.stop();
  EXPECT_EQ(recorder->count(), 20U);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{20});
}

}  // namespace
}  // namespace braid::application_test
