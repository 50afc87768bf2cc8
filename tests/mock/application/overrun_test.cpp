#include "mock/application/application_test.hpp"

namespace braid::application_test {
namespace {

class Overrun : public ApplicationTest {};

// One share that does not come back must not keep the partitions of its connection from everybody.
TEST_F(Overrun, TheConnectionLeavesSaysWhichShareAndComesBackWhenItHasReturned) {
  make_topic("orders", 2);
  produce("orders", 20, 1, 0);
  auto gate = std::make_shared<Gate>();
  std::atomic<int> stuck{0};
  recorder->script = [&, gate](Batch& batch) {
    if (batch.partition().value == 0 && stuck++ == 0) gate->pass();
  };
  Settings quick = settings();
  quick.drain_on_revoke = 200ms;
  Application app(quick, route("g", "orders", recorder, [](auto& t) { t.max_processing_time(500ms); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  ASSERT_TRUE(eventually([&] { return log.count("longer than max_processing_time (0.5 s)") == 1; }));
  EXPECT_GT(log.count("orders/0: virtual partition "), 0U) << log.text();
  EXPECT_GT(log.count("key 'k0'"), 0U);
  ASSERT_TRUE(eventually([&] { return app.figures().revocations == 2; })) << "both partitions are others' to take";
  EXPECT_TRUE(eventually([&] { return log.count("orders/0: 1 jobs still in user code") == 1; }));

  // Another member gets them meanwhile.
  auto others = std::make_shared<Recorder>();
  {
    Application other(settings(), route("g", "orders", others));
    other.start();
    ASSERT_TRUE(eventually([&] { return others->distinct() == 20; })) << "they were not given away";
    EXPECT_NE(app.dump().find("has left the group until"), std::string::npos) << app.dump();
    EXPECT_NE(app.dump().find("which is over: virtual partition"), std::string::npos) << app.dump();
    other.stop();
  }
  gate->open();
  ASSERT_TRUE(eventually([&] { return app.figures().assignments == 4; })) << "it has not come back";
  EXPECT_EQ(log.count("the connection joins its group again"), 1U);
  produce("orders", 20, 1, 0);
  ASSERT_TRUE(eventually([&] { return recorder->seen().size() >= 21 && recorder->seen().back().offset == 39; }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 2)[0], 40);
  EXPECT_EQ(recorder->overlaps(), 0);
}

// Who says nothing has what Kafka would give a member that does not poll.
TEST_F(Overrun, WithoutASettingTheConnectionsPollIntervalIsTheLimit) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Settings quick = settings();
  quick.drain_on_revoke = 100ms;
  quick.kafka["max.poll.interval.ms"] = "4000";
  Application app(quick, route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return log.count("longer than max_processing_time (4.0 s)") == 1; })) << log.text();
  gate->open();
  EXPECT_TRUE(app.stop().in_time);
}

TEST_F(Overrun, AStopWhileItIsAwayEnds) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Settings quick = settings();
  quick.drain_on_revoke = 100ms;
  Application app(quick, route("g", "orders", recorder, [](auto& t) { t.max_processing_time(100ms); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().revocations == 1; }));
  const StopReport report = app.stop(1s);
  EXPECT_FALSE(report.in_time) << "a worker is still in user code";
  gate->open();
  EXPECT_TRUE(eventually([&] { return recorder->alive() == 0; }));
  EXPECT_LE(committed("g", "orders", 1)[0], 0) << "what came late was committed";
}

}  // namespace
}  // namespace braid::application_test
