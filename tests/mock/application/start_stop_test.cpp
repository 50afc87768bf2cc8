#include "mock/application/application_test.hpp"

#include <future>
#include <stdexcept>
#include <thread>

namespace braid::application_test {
namespace {

class StartStop : public ApplicationTest {};

TEST_F(StartStop, WithoutAnyMessage) {
  make_topic("orders", 3);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().assignments == 3; }));
  const StopReport report = app.stop();
  EXPECT_TRUE(report.in_time);
  EXPECT_TRUE(report.left_behind.empty());
  EXPECT_EQ(recorder->hooks("assigned").size(), 0U) << "no object without a message";
  EXPECT_EQ(app.figures().revocations, 3U);
}

TEST_F(StartStop, BeforeTheGroupHasAssignedAnything) {
  make_topic("orders");
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(app.stop().in_time);
}

TEST_F(StartStop, WithoutAStart) {
  Application app(settings(), route("g", "orders", recorder));
  EXPECT_TRUE(app.stop().in_time);
}

// Consumers' own producer takes fewer acknowledgements, and is made before it shows that transactions do not.
TEST_F(StartStop, ASettingThatTransactionsRefuseIsAnErrorOfTheStart) {
  Settings fewer = settings();
  fewer.transactional_id = "billing-7";
  fewer.producer = {{"acks", "1"}};
  Application app(fewer, route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.delivery(routing::Delivery::exactly_once);
                  }));
  EXPECT_THROW(app.start(), std::invalid_argument);
  EXPECT_TRUE(app.stop().in_time);
}

TEST_F(StartStop, TheDestructorStops) {
  make_topic("orders");
  produce("orders", 50);
  {
    Application app(settings(), route("g", "orders", recorder));
    app.start();
    ASSERT_TRUE(all_seen(50));
  }
  EXPECT_EQ(recorder->alive(), 0);
  EXPECT_GT(recorder->hooks("stopping").size(), 0U);
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
}

TEST_F(StartStop, HooksComeOnceAnObject) {
  make_topic("orders", 2);
  produce("orders", 400, 20);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(400));
  app.stop();
  const auto assigned = recorder->hooks("assigned");
  const auto stopping = recorder->hooks("stopping");
  EXPECT_GT(assigned.size(), 2U);
  EXPECT_EQ(assigned.size(), stopping.size());
  std::map<std::uint64_t, int> objects;
  std::map<std::pair<std::int32_t, std::uint32_t>, int> places;
  for (const Hook& hook : assigned) {
    ++objects[hook.object];
    ++places[{hook.partition, hook.index}];
  }
  for (const Hook& hook : stopping) {
    EXPECT_EQ(objects[hook.object], 1) << hook.object;
    EXPECT_FALSE(hook.lost);
    ++objects[hook.object];
  }
  for (const auto& [object, hooks] : objects) EXPECT_EQ(hooks, 2) << object;
  for (const auto& [place, count] : places) EXPECT_EQ(count, 1) << "an object lives as long as the assignment";
  EXPECT_EQ(recorder->hooks("revoked").size(), 0U);
  EXPECT_EQ(recorder->alive(), 0);
}

// What is in a worker's hands is finished, what only waits is left for the next time.
TEST_F(StartStop, AStopDrainsWhatRuns) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  auto stop = std::async(std::launch::async, [&] { return app.stop(); });
  EXPECT_EQ(stop.wait_for(300ms), std::future_status::timeout) << "the stop did not wait for the job";
  gate->open();
  EXPECT_TRUE(stop.get().in_time);
  const auto position = committed("g", "orders", 1)[0];
  EXPECT_EQ(position, static_cast<std::int64_t>(recorder->count()));
  EXPECT_GT(position, 0);
}

TEST_F(StartStop, AConsumerMayRequestTheStop) {
  make_topic("orders");
  produce("orders", 10);
  Application* running = nullptr;
  recorder->script = [&](Batch&) { running->request_stop(); };
  Application app(settings(), route("g", "orders", recorder));
  running = &app;
  auto run = std::async(std::launch::async, [&] { return app.run(); });
  ASSERT_EQ(run.wait_for(kDeadline), std::future_status::ready);
  EXPECT_TRUE(run.get().in_time);
  EXPECT_GT(recorder->count(), 0U);
  EXPECT_EQ(recorder->alive(), 0);
}

TEST_F(StartStop, ARequestBeforeTheRunCounts) {
  make_topic("orders");
  Application app(settings(), route("g", "orders", recorder));
  app.request_stop();
  auto run = std::async(std::launch::async, [&] { return app.run(); });
  ASSERT_EQ(run.wait_for(kDeadline), std::future_status::ready);
  EXPECT_TRUE(run.get().in_time);
}

TEST_F(StartStop, AJobStuckInUserCodeIsLeftBehindAndEndsLater) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  const auto recording = recorder;
  std::atomic<bool> read_after{false};
  recorder->script = [gate, &read_after](Batch& batch) {
    gate->pass();
    // The messages are still there, whatever has become of the application.
    read_after = batch.front().key() == "k0" && batch.lost();
  };
  auto app = std::make_unique<Application>(settings(), route("g", "orders", recorder));
  app->start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  const auto began = std::chrono::steady_clock::now();
  const StopReport report = app->stop(1500ms);
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_FALSE(report.in_time);
  std::string left;
  for (const std::string& one : report.left_behind) left += one + "\n";
  EXPECT_NE(left.find("orders/0"), std::string::npos) << left;
  EXPECT_LT(took, 4s);
  app.reset();
  EXPECT_EQ(recorder->alive(), 1);
  gate->open();
  EXPECT_TRUE(eventually([&] { return recorder->alive() == 0; })) << "the object outlives its last job";
  EXPECT_TRUE(read_after);
  EXPECT_LE(committed("g", "orders", 1)[0], 0) << "what came late was committed";
}

TEST_F(StartStop, ASecondStopDoesNothing) {
  make_topic("orders");
  produce("orders", 10);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(10));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->alive(), 0);
}

TEST_F(StartStop, TwoApplicationsLiveInOneProcess) {
  make_topic("orders");
  make_topic("bills");
  produce("orders", 100);
  produce("bills", 100);
  auto others = std::make_shared<Recorder>();
  Application first(settings(), route("g", "orders", recorder));
  Application second(settings(), route("h", "bills", others));
  first.start();
  second.start();
  ASSERT_TRUE(all_seen(100));
  ASSERT_TRUE(eventually([&] { return others->distinct() == 100; }));
  EXPECT_TRUE(first.stop().in_time);
  produce("bills", 100);
  EXPECT_TRUE(eventually([&] { return others->distinct() == 200; })) << "one's stop has stopped the other";
  EXPECT_TRUE(second.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
  EXPECT_EQ(committed("h", "bills", 1), ends("bills", 1));
}

}  // namespace
}  // namespace braid::application_test
