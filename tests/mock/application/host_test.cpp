// What a host that calls start() and stop() itself is told, and what is left of an application that could not
// start.

#include "mock/application/application_test.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace braid::application_test {
namespace {

class Host : public ApplicationTest {
 protected:
  [[nodiscard]] static std::ptrdiff_t threads() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  }
};

TEST_F(Host, IsToldWhyTheApplicationCannotGoOn) {
  make_topic("orders");
  produce("orders", 5);
  Application app(settings(), route("g", "orders", recorder, [](routing::TopicBuilder& topic) {
                    topic.initial_offset(routing::InitialOffset::fail);
                  }));
  EXPECT_EQ(app.failure(), std::nullopt);
  app.start();
  ASSERT_TRUE(eventually([&] { return app.failure().has_value(); }));
  const std::string failure = *app.failure();
  EXPECT_NE(failure.find("orders/0"), std::string::npos) << failure;
  EXPECT_NE(failure.find("initial_offset is `fail`"), std::string::npos) << failure;
  const StopReport report = app.stop();
  EXPECT_EQ(report.failure, failure);
  EXPECT_TRUE(report.in_time) << "a failure is no reason to leave anything behind";
  EXPECT_EQ(app.failure(), failure) << "it is forgotten with the stop";
  EXPECT_EQ(recorder->count(), 0U);
}

TEST_F(Host, HearsOfNoFailureWhereThereIsNone) {
  make_topic("orders");
  produce("orders", 5);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(5));
  EXPECT_EQ(app.failure(), std::nullopt);
  EXPECT_EQ(app.stop().failure, std::nullopt);
}

TEST_F(Host, ChangesTheNumberOfWorkersBeforeWhileAndNotAfterTheyRun) {
  make_topic("orders");
  Application app(settings(), route("g", "orders", recorder));
  EXPECT_TRUE(app.set_concurrency(2));
  EXPECT_EQ(app.concurrency(), 2U);
  app.start();
  EXPECT_EQ(log.count("2 workers"), 1U);
  const std::ptrdiff_t before = threads();
  EXPECT_TRUE(app.set_concurrency(7));
  EXPECT_EQ(threads(), before + 5);
  EXPECT_TRUE(app.set_concurrency(1));
  EXPECT_TRUE(eventually([&] { return threads() == before - 1; }));
  EXPECT_FALSE(app.set_concurrency(0));
  EXPECT_EQ(app.concurrency(), 1U);
  app.stop();
  const auto late = app.set_concurrency(3);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), Error::Kind::closed);
}

TEST_F(Host, SeesTheBalanceOfEachTopic) {
  make_topic("orders");
  produce("orders", 20);
  Application app(settings(), route("g", "orders", recorder));
  ASSERT_EQ(app.topic_figures().size(), 1U) << "before the start";
  EXPECT_EQ(app.topic_figures()[0].consumer_group, "g");
  EXPECT_EQ(app.topic_figures()[0].topic, "orders");
  app.start();
  ASSERT_TRUE(all_seen(20));
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done == 20; }));
  const TopicFigures figures = app.topic_figures()[0];
  EXPECT_EQ(figures.batches, app.figures().batches);
  EXPECT_GT(figures.virtual_partitions_used.most, 0U);
  EXPECT_GE(static_cast<double>(figures.largest_share.last), figures.mean_share_last);
  app.stop();
}

TEST_F(Host, IsWarnedWhenMorePartitionsAreAssignedThanExpected) {
  make_topic("orders", 3);
  Settings few = settings();
  few.expected_partitions = 2;
  Application app(few, route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().assignments == 3; }));
  EXPECT_TRUE(eventually([&] { return log.count("more than 2 partitions are assigned") > 0; }));
  app.stop();
  EXPECT_EQ(log.count("raise expected_partitions"), 1U) << "once is enough";
}

TEST_F(Host, IsNotWarnedOfAsManyPartitionsAsExpected) {
  make_topic("orders", 3);
  produce("orders", 30);
  Settings enough = settings();
  enough.expected_partitions = 3;
  Application app(enough, route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(30));
  app.stop();
  EXPECT_EQ(log.count("expected_partitions"), 0U);
}

routing::Routes two_connections(const std::shared_ptr<Recorder>& recorder) {
  return routing::draw([&](routing::RoutesBuilder& r) {
    r.consumer_group("g", [&](routing::ConsumerGroupBuilder& g) {
      g.subscription_group("s", [&](routing::SubscriptionGroupBuilder& s) {
        s.connections(2);
        s.topic("orders").consumer("recording",
                                   [recorder] { return std::make_unique<RecordingConsumer>(recorder); });
      });
    });
  });
}

// Two members of one name would fence each other for ever.
TEST_F(Host, EachConnectionIsAStaticMemberOfItsOwn) {
  make_topic("orders", 4);
  produce("orders", 100, 40);
  Settings named = settings();
  named.kafka["group.instance.id"] = "host";
  named.kafka["debug"] = "conf";  // the library tells its settings
  Application app(named, two_connections(recorder));
  app.start();
  ASSERT_TRUE(all_seen(100));
  EXPECT_EQ(log.count("group.instance.id = host-0"), 1U);
  EXPECT_EQ(log.count("group.instance.id = host-1"), 1U);
  // Both have some, and keep it.
  EXPECT_TRUE(eventually([&] { return log.count("g / s: assigned orders ") >= 2; }));
  produce("orders", 100, 40);
  EXPECT_TRUE(all_seen(200));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(log.count("g / s: lost"), 0U);
  EXPECT_EQ(committed("g", "orders", 4), ends("orders", 4));
}

TEST_F(Host, AGroupsOnlyConnectionKeepsItsName) {
  make_topic("orders");
  Settings named = settings();
  named.kafka["group.instance.id"] = "host";
  named.kafka["debug"] = "conf";
  Application app(named, route("g", "orders", recorder));
  app.start();
  EXPECT_TRUE(eventually([&] { return log.count("group.instance.id = host") == 1; }));
  EXPECT_EQ(log.count("group.instance.id = host-"), 0U);
  app.stop();
}

TEST_F(Host, AllGroupsWithBadKafkaSettingsAreNamedAndNothingIsStarted) {
  make_topic("orders");
  auto routes = routing::draw([&](routing::RoutesBuilder& r) {
    const auto make = [rec = recorder] { return std::make_unique<RecordingConsumer>(rec); };
    r.consumer_group("sound", [&](routing::ConsumerGroupBuilder& g) { g.topic("orders").consumer("c", make); });
    r.consumer_group("mistyped", [&](routing::ConsumerGroupBuilder& g) {
      g.subscription_group("first", [&](routing::SubscriptionGroupBuilder& s) {
        s.connections(2).kafka("session.timeout.mss", 6000);
        s.topic("orders").consumer("c", make);
      });
    });
    r.consumer_group("senseless", [&](routing::ConsumerGroupBuilder& g) {
      g.subscription_group("second", [&](routing::SubscriptionGroupBuilder& s) {
        s.kafka("heartbeat.interval.ms", "often");
        s.topic("orders").consumer("c", make);
      });
    });
  });
  const auto before = threads();
  {
    Application app(settings(), std::move(routes));
    try {
      app.start();
      FAIL() << "started";
    } catch (const std::invalid_argument& error) {
      const std::string text = error.what();
      for (const char* part : {"mistyped / first: ", "session.timeout.mss=6000", "did you mean session.timeout.ms?",
                               "senseless / second: ", "heartbeat.interval.ms=often"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
      }
      EXPECT_EQ(text.find("sound"), std::string::npos) << text;
      EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << "one line a group:\n" << text;
    }
    EXPECT_TRUE(app.stop().in_time);
  }
  EXPECT_TRUE(eventually([&] { return threads() == before; })) << threads() - before << " threads are left";
  for (const char* part : {"started", "stopped", "warning", " error "}) {
    EXPECT_EQ(log.count(part), 0U) << part;
  }
}

TEST_F(Host, AStartWithoutABrokerLeavesNothingBehind) {
  const auto before = threads();
  {
    Settings away = test_settings("127.0.0.1:1");
    away.connect_timeout = 500ms;
    Application app(away, two_connections(recorder));
    EXPECT_THROW(app.start(), ApplicationError);
    EXPECT_TRUE(eventually([&] { return threads() == before; }))
        << threads() - before << " threads are left of the failed start";
    EXPECT_THROW(app.start(), ApplicationError) << "an application starts once";
    const StopReport report = app.stop();
    EXPECT_TRUE(report.in_time);
    EXPECT_TRUE(report.left_behind.empty());
  }
  EXPECT_EQ(threads(), before);
  EXPECT_EQ(recorder->alive(), 0);
}

class Deadlines : public ApplicationTest, public ::testing::WithParamInterface<std::chrono::milliseconds> {};

// Added to the clock as it is, it would lie in the past.
TEST_P(Deadlines, OfAnyLengthAreUnderstood) {
  make_topic("orders");
  produce("orders", 20);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(20));
  const auto began = std::chrono::steady_clock::now();
  const StopReport report = app.stop(GetParam());
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  if (GetParam() > 0ms) {
    EXPECT_TRUE(report.in_time);
    EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{20});
  }
}

INSTANTIATE_TEST_SUITE_P(Longest, Deadlines, ::testing::Values(std::chrono::milliseconds::max()));
INSTANTIATE_TEST_SUITE_P(Least, Deadlines, ::testing::Values(std::chrono::milliseconds::min()));

}  // namespace
}  // namespace braid::application_test
