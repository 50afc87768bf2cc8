#include "mock/application/application_test.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <set>
#include <utility>

namespace braid::application_test {
namespace {

using Draw = std::function<void(routing::ConsumerGroupBuilder&)>;

class Connections : public ApplicationTest {
 protected:
  static routing::Routes group_of(const Draw& draw) {
    return routing::draw([&](routing::RoutesBuilder& r) { r.consumer_group("g", draw); });
  }
  // One topic, one subscription group.
  [[nodiscard]] routing::Routes orders(const routing::Connections& connections) const {
    return group_of([&](routing::ConsumerGroupBuilder& g) {
      auto group = g.subscription_group("s");
      group.connections(connections);
      recorded(group.topic("orders"), recorder);
    });
  }
  static void recorded(routing::TopicBuilder topic, const std::shared_ptr<Recorder>& recorder) {
    topic.consumer("recording", [recorder] { return std::make_unique<RecordingConsumer>(recorder); });
    topic.max_messages(50);
  }
  // Which messages consumers saw how often.
  [[nodiscard]] std::map<std::pair<std::int32_t, std::int64_t>, int> times_seen() const {
    std::map<std::pair<std::int32_t, std::int64_t>, int> times;
    for (const Seen& one : recorder->seen()) ++times[{one.partition, one.offset}];
    return times;
  }
};

TEST_F(Connections, ASlowTopicInItsOwnSubscriptionGroupDelaysNoOther) {
  make_topic("orders", 2);
  make_topic("reports", 2);
  produce("orders", 2000, 40);
  produce("reports", 200, 20);
  auto slow = std::make_shared<Recorder>();
  auto gate = std::make_shared<Gate>();
  slow->script = [gate](Batch&) { gate->pass(); };
  Application app(settings(), group_of([&](routing::ConsumerGroupBuilder& g) {
                    recorded(g.subscription_group("quick").topic("orders"), recorder);
                    auto group = g.subscription_group("slow");
                    group.max_concurrency(2);  // of the four workers
                    recorded(group.topic("reports"), slow);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 2; }));
  EXPECT_TRUE(all_seen(2000));
  EXPECT_TRUE(eventually([&] { return committed("g", "orders", 2) == ends("orders", 2); }));
  EXPECT_EQ(slow->count(), 0U) << "it stood still all the time";
  gate->open();
  EXPECT_TRUE(eventually([&] { return slow->distinct() == 200; }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "reports", 2), ends("reports", 2));
}

TEST_F(Connections, GroupsOfOneApplicationMayLiveInTwoClusters) {
  EmbeddedCluster elsewhere{{.brokers = 1, .topics = {{"bills", 2}}}};
  make_topic("orders", 2);
  produce("orders", 200, 20);
  ProducerSettings there;
  there.kafka = {{"bootstrap.servers", elsewhere.bootstrap()}};
  Producer producer(there);
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_TRUE(
        producer.produce({.topic = "bills", .key = number, .payload = number, .partition = {}, .headers = {}})
            .ok());
  }
  ASSERT_TRUE(producer.flush(kDeadline).ok());
  auto others = std::make_shared<Recorder>();
  Application app(settings(), routing::draw([&](routing::RoutesBuilder& r) {
                    recorded(r.consumer_group("g").topic("orders"), recorder);
                    auto group = r.consumer_group("h");
                    group.kafka("bootstrap.servers", elsewhere.bootstrap());
                    recorded(group.topic("bills"), others);
                  }));
  app.start();
  EXPECT_TRUE(all_seen(200));
  EXPECT_TRUE(eventually([&] { return others->distinct() == 100; }));
  EXPECT_EQ(app.figures().connections, 2U);
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), 200U);
  EXPECT_EQ(others->count(), 100U);
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
}

TEST_F(Connections, OneMoreComesWhereSeveralPartitionsLag) {
  make_topic("orders", 4);
  produce("orders", 6000, 40);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Application app(settings(), orders({.min = 1, .max = 2, .scale_delay = 2s}));
  app.start();
  EXPECT_EQ(app.figures().connections, 1U);
  // What is stuck in user code is not waited for when its partition moves, and is done again elsewhere.
  ASSERT_TRUE(eventually([&] { return app.figures().connections == 2; }));
  EXPECT_EQ(log.count("g / s: connection 1 is added: for "), 1U);
  gate->open();
  EXPECT_TRUE(all_seen(6000));
  EXPECT_TRUE(eventually([&] { return app.figures().assignments >= 6; })) << "the newcomer has got its half";
  // These brokers refuse commits while the group rebalances, so what ran then is done again where it is now.
  EXPECT_TRUE(eventually([&] { return committed("g", "orders", 4) == ends("orders", 4); }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(app.figures().connection_restarts, 0U);
}

TEST_F(Connections, OneThatHoldsNothingIsLeftAndTheOtherDoesNotNotice) {
  make_topic("orders", 1);
  produce("orders", 100, 10);
  Application app(settings(), orders({.min = 1, .max = 2, .start = 2, .scale_delay = 1s}));
  app.start();
  EXPECT_EQ(app.figures().connections, 2U);
  ASSERT_TRUE(all_seen(100));
  ASSERT_TRUE(eventually([&] {
    produce("orders", 10, 10);
    return app.figures().connections == 1;
  }));
  EXPECT_EQ(log.count(" is left: for "), 1U);
  produce("orders", 100, 10);
  EXPECT_TRUE(all_seen(static_cast<std::size_t>(ends("orders", 1)[0])));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), recorder->distinct()) << "something was done again";
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->hooks("revoked").size(), 0U) << "the partition has moved";
}

// The group takes one of the two for gone. It gets a new client; what the other one does goes on, and none of it
// is done again.
TEST_F(Connections, OneThatIsFencedGetsANewClientAndTheOtherGoesOn) {
  make_topic("orders", 4);
  Application app(settings(), orders({.count = 2}));
  app.start();
  ASSERT_TRUE(eventually([&] {
    produce("orders", 40, 40);
    return app.figures().assignments >= 4 && recorder->distinct() >= 400;
  }));
  // Both hold some: else nobody could be told from the other.
  ASSERT_TRUE(eventually([&] { return log.count("g / s: assigned orders") >= 2; }));
  cluster.fail_next(testing::Api::heartbeat, {testing::BrokerError::fenced_instance});
  ASSERT_TRUE(eventually([&] {
    produce("orders", 40, 40);
    return app.figures().connection_restarts == 1 && app.figures().connections == 2;
  }));
  std::set<std::int32_t> gone;
  for (const Hook& hook : recorder->hooks("revoked")) {
    if (hook.lost) gone.insert(hook.partition);
  }
  EXPECT_FALSE(gone.empty()) << "its consumers hear that their partitions are lost";
  EXPECT_LT(gone.size(), 4U) << "the other connection's too";
  // Until all have an owner again.
  std::size_t all = 0;
  ASSERT_TRUE(eventually([&] {
    produce("orders", 40, 40);
    all = 0;
    for (const std::int64_t end : ends("orders", 4))
      all += static_cast<std::size_t>(std::max<std::int64_t>(end, 0));
    return eventually([&] { return recorder->distinct() == all; }, 500ms);
  })) << recorder->distinct()
      << " of " << all;
  EXPECT_EQ(app.failure(), std::nullopt);
  EXPECT_EQ(log.count(" gets a new client in "), 1U);
  EXPECT_EQ(log.count(" is back, "), 1U);
  EXPECT_EQ(log.count("left behind"), 0U) << "it has not come to its end by itself";
  EXPECT_TRUE(app.stop().in_time);
  for (const auto& [message, times] : times_seen()) {
    if (!gone.contains(message.first)) {
      EXPECT_EQ(times, 1) << message.first << "/" << message.second;
    }
  }
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(committed("g", "orders", 4), ends("orders", 4));
}

// librdkafka would go on asking for ever.
TEST_F(Connections, WhoseBrokersAreGoneForLongGetsANewClientUntilOneAnswers) {
  make_topic("orders", 2);
  produce("orders", 100, 10);
  Settings impatient = settings();
  impatient.transport_timeout = 1s;
  impatient.connect_timeout = 1s;
  impatient.drain_on_revoke = 100ms;
  Application app(impatient, orders({}));
  app.start();
  ASSERT_TRUE(all_seen(100));
  ASSERT_TRUE(eventually([&] { return committed("g", "orders", 2) == ends("orders", 2); }));
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  ASSERT_TRUE(eventually([&] { return log.count("no broker has answered for 1 s") > 0; }));
  ASSERT_TRUE(eventually([&] { return app.figures().connection_restarts > 0; }));
  EXPECT_EQ(app.figures().connections, 0U);
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  ASSERT_TRUE(eventually([&] { return app.figures().connections == 1; }));
  produce("orders", 100, 10);
  EXPECT_TRUE(all_seen(200));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), 200U) << "all was committed before";
  EXPECT_EQ(app.failure(), std::nullopt);
}

// It is no less quiet for that, and nobody waits for it meanwhile.
TEST_F(Connections, OneThatComesBackWhileTheApplicationIsQuietTakesNothing) {
  make_topic("orders", 2);
  produce("orders", 100, 10);
  Settings impatient = settings();
  impatient.transport_timeout = 1s;
  impatient.connect_timeout = 1s;
  impatient.drain_on_revoke = 100ms;
  Application app(impatient, orders({}));
  app.start();
  ASSERT_TRUE(all_seen(100));
  app.quiet();
  ASSERT_TRUE(eventually([&] { return app.state() == ApplicationState::quiet; })) << app.dump();
  cluster.broker_down(EmbeddedCluster::kAllBrokers);
  ASSERT_TRUE(eventually([&] { return log.count("connection 0 gets a new client in") > 0; }));
  const auto began = std::chrono::steady_clock::now();
  const std::string text = app.dump(20s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_TRUE(text.find("braid-l-0: it has ended") != std::string::npos ||
              text.find("braid-l-0: looks for a broker") != std::string::npos)
      << text;
  cluster.broker_up(EmbeddedCluster::kAllBrokers);
  ASSERT_TRUE(eventually([&] { return app.figures().connections == 1 && app.figures().assignments >= 4; }));
  produce("orders", 100, 10);
  EXPECT_FALSE(eventually([&] { return app.figures().messages_taken > 100; }, 1500ms)) << "it takes what comes";
  EXPECT_TRUE(eventually([&] { return app.state() == ApplicationState::quiet; })) << app.dump();
  EXPECT_TRUE(app.stop().in_time);
}

// While it waits for its next client, and while that looks for a broker.
TEST_F(Connections, AStopEndsWhatIsBeingRestarted) {
  make_topic("orders", 2);
  Settings impatient = settings();
  impatient.transport_timeout = 1s;
  impatient.drain_on_revoke = 100ms;
  for (const char* when : {"connection 0 gets a new client in", "its next client"}) {
    const std::size_t before = log.count("connection 0 gets a new client in");
    Application app(impatient, orders({}));
    app.start();
    cluster.broker_down(EmbeddedCluster::kAllBrokers);
    ASSERT_TRUE(eventually([&] { return log.count("connection 0 gets a new client in") > before; }));
    if (std::string(when) == "its next client") {
      ASSERT_TRUE(eventually([&] { return app.figures().connection_restarts > 0; }));
    }
    const auto began = std::chrono::steady_clock::now();
    const StopReport report = app.stop(15s);
    // Well below the connect timeout.
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << when;
    EXPECT_TRUE(report.in_time) << when;
    EXPECT_EQ(report.failure, std::nullopt) << when;
    cluster.broker_up(EmbeddedCluster::kAllBrokers);
  }
}

}  // namespace
}  // namespace braid::application_test
