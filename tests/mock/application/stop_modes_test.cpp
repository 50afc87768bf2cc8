#include "mock/application/application_test.hpp"

#include <future>

namespace braid::application_test {
namespace {

class StopModes : public ApplicationTest {
 protected:
  static std::chrono::steady_clock::duration timed(const std::function<void()>& call) {
    const auto began = std::chrono::steady_clock::now();
    call();
    return std::chrono::steady_clock::now() - began;
  }
};

// Many virtual partitions wait for two workers; those that have not begun never begin.
TEST_F(StopModes, NowStartsNothingNewAndCommitsWhatIsDone) {
  make_topic("orders");
  produce("orders", 500, 50);
  std::atomic<bool> asked{false};
  std::atomic<int> begun_behind{0};
  auto gate = std::make_shared<Gate>();
  std::atomic<int> calls{0};
  recorder->script = [&, gate](Batch&) {
    if (asked) ++begun_behind;
    if (++calls > 3) gate->pass();
  };
  Settings two = settings();
  two.concurrency = 2;
  two.commit_interval = 10min;
  Application app(two, route("g", "orders", recorder, [](auto& t) { t.max_messages(500); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 2; }));
  StopReport report;
  const auto took = timed([&] {
    std::jthread opens([&] {
      asked = true;
      report = app.stop(StopMode::now);
    });
    // Behind the grace: they come back when nobody waits for them.
    EXPECT_TRUE(eventually([&] { return app.state() == ApplicationState::stopped; }));
    gate->open();
  });
  EXPECT_LT(took, 4s) << "it waited for what runs";
  EXPECT_FALSE(report.in_time);
  ASSERT_EQ(report.left_shares.size(), 2U) << log.text();
  EXPECT_EQ(report.left_shares[0].topic, "orders");
  EXPECT_EQ(report.left_shares[0].partition, 0);
  EXPECT_NE(report.left_shares[0].virtual_partition, report.left_shares[1].virtual_partition);
  EXPECT_EQ(report.left_shares[0].key.value_or("none").substr(0, 1), "k");
  EXPECT_GE(report.left_shares[0].first_offset, 0);
  EXPECT_GE(report.left_shares[0].since, 200ms);
  EXPECT_TRUE(eventually([&] { return recorder->alive() == 0; }));
  EXPECT_LE(begun_behind, 0) << "shares were started behind a stop that is now";
}

// A worker that comes back in time has dozens of shares to go on with, and takes none.
TEST_F(StopModes, NowLetsNothingStartThatHasNotBegun) {
  make_topic("orders");
  produce("orders", 500, 50);
  auto gate = std::make_shared<Gate>();
  std::atomic<bool> asked{false};
  std::atomic<int> begun_behind{0};
  recorder->script = [&, gate](Batch&) {
    if (asked) ++begun_behind;
    gate->pass();
  };
  Settings two = settings();
  two.concurrency = 2;
  Application app(two, route("g", "orders", recorder, [](auto& t) { t.max_messages(500); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 2; }));
  auto stop = std::async(std::launch::async, [&] { return app.stop(StopMode::now); });
  // From here on; within the moment that what runs has.
  ASSERT_TRUE(eventually([&] { return app.dump().find("drains, to stop") != std::string::npos; }));
  asked = true;
  gate->open();
  stop.get();
  EXPECT_EQ(begun_behind, 0);
  EXPECT_TRUE(eventually([&] { return recorder->alive() == 0; }));
}

TEST_F(StopModes, NowIsInTimeWhereNothingRuns) {
  make_topic("orders");
  produce("orders", 100);
  Settings seldom = settings();
  seldom.commit_interval = 10min;
  Application app(seldom, route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(100));
  const StopReport report = app.stop(StopMode::now);
  EXPECT_TRUE(report.in_time);
  EXPECT_TRUE(report.left_shares.empty());
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
  EXPECT_GT(recorder->hooks("stopping").size(), 0U);
  EXPECT_EQ(recorder->alive(), 0);
}

TEST_F(StopModes, ADrainNamesWhatItLeft) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  const StopReport report = app.stop(1s);
  ASSERT_EQ(report.left_shares.size(), 1U);
  EXPECT_EQ(report.left_shares[0].key, "k0");
  EXPECT_EQ(report.left_shares[0].first_offset, 0);
  std::string left;
  for (const std::string& one : report.left_behind) left += one + "\n";
  EXPECT_NE(left.find("runs since"), std::string::npos) << left;
  EXPECT_NE(left.find("key 'k0'"), std::string::npos) << left;
  gate->open();
  EXPECT_TRUE(eventually([&] { return recorder->alive() == 0; }));
}

// Commits can't be acknowledged and the group can't be left: both cost their part of the deadline, and no more.
TEST_F(StopModes, WithTheBrokerGoneItEndsByItsDeadlineAndSaysWhatWasLeft) {
  for (const StopMode mode : {StopMode::drain, StopMode::now}) {
    const std::string topic = mode == StopMode::drain ? "drained" : "cut";
    make_topic(topic);
    produce(topic, 100);
    auto others = std::make_shared<Recorder>();
    Settings seldom = settings();
    seldom.commit_interval = 10min;
    Application app(seldom, route("g-" + topic, topic, others));
    app.start();
    ASSERT_TRUE(eventually([&] { return others->distinct() == 100; }));
    cluster.broker_down(1);
    StopReport report;
    const auto took = timed([&] { report = app.stop(mode, 2s); });
    EXPECT_LT(took, 4s) << "mode " << static_cast<int>(mode);
    EXPECT_FALSE(report.in_time) << "nothing could be committed";
    std::string left;
    for (const std::string& one : report.left_behind) left += one + "\n";
    EXPECT_NE(left.find("not acknowledged"), std::string::npos) << left;
    cluster.broker_up(1);
  }
}

}  // namespace
}  // namespace braid::application_test
