#include "integration/application/kafka_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <utility>

namespace braid::integration {
namespace {

class ConnectionsOnKafka : public KafkaTest {
 protected:
  [[nodiscard]] routing::Routes orders(const routing::Connections& connections) const {
    return routing::draw([&](routing::RoutesBuilder& r) {
      auto subscription = r.consumer_group(group).subscription_group("s");
      subscription.connections(connections);
      auto built = subscription.topic(topic);
      built.consumer("recording",
                     [r = recorder] { return std::make_unique<application_test::RecordingConsumer>(r); });
      built.max_messages(100);
    });
  }
  [[nodiscard]] static std::size_t all_of(const std::vector<std::int64_t>& ends) {
    std::size_t all = 0;
    for (const std::int64_t end : ends) all += static_cast<std::size_t>(std::max<std::int64_t>(end, 0));
    return all;
  }
};

// Somebody else takes one connection's static membership, and goes. The connection takes it back by a new client;
// the group sees the same members all the time, so the other connection hears of nothing.
TEST_F(ConnectionsOnKafka, AStaticMemberThatIsFencedComesBackAsItself) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 4);
  Settings settings_now = settings();
  settings_now.kafka["group.instance.id"] = "member";
  Application app(settings_now, orders({.count = 2}));
  app.start();
  ASSERT_TRUE(eventually([&] {
    produce(40, 40);
    return app.figures().assignments >= 4 && recorder->distinct() >= 200;
  }));
  ASSERT_TRUE(eventually([&] { return log.count("/ s: assigned " + topic) >= 2; })) << "both hold some";
  const std::size_t revoked_before = recorder->hooks("revoked").size();
  {
    auto others = std::make_shared<application_test::Recorder>();
    Settings theirs = settings();
    theirs.kafka["group.instance.id"] = "member-0";
    Application thief(theirs, route(group, topic, others));
    thief.start();
    ASSERT_TRUE(eventually([&] { return log.count("connection 0 gets a new client in ") >= 1; }));
    thief.stop();
  }
  ASSERT_TRUE(eventually([&] { return app.figures().connection_restarts >= 1 && app.figures().connections == 2; }));
  ASSERT_TRUE(eventually([&] {
    produce(40, 40);
    return recorder->distinct() >= 400;
  }));
  std::set<std::int32_t> gone;
  const auto hooks = recorder->hooks("revoked");
  for (std::size_t i = revoked_before; i < hooks.size(); ++i) gone.insert(hooks[i].partition);
  EXPECT_LT(gone.size(), 4U) << "the other connection lost its partitions too";
  EXPECT_EQ(app.failure(), std::nullopt);
  EXPECT_TRUE(app.stop().in_time);
  std::map<std::pair<std::int32_t, std::int64_t>, int> times;
  for (const auto& one : recorder->seen()) ++times[{one.partition, one.offset}];
  for (const auto& [message, count] : times) {
    if (!gone.contains(message.first)) {
      EXPECT_EQ(count, 1) << message.first << "/" << message.second;
    }
  }
  EXPECT_EQ(recorder->overlaps(), 0);
}

TEST_F(ConnectionsOnKafka, TheirNumberFollowsTheLoad) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 4);
  produce(20'000, 200);
  std::atomic<bool> slow{true};
  recorder->script = [&](Batch&) {
    if (slow) std::this_thread::sleep_for(100ms);  // work
  };
  Application app(settings(), orders({.min = 1, .max = 2, .scale_delay = 3s}));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().connections == 2; }));
  ASSERT_TRUE(eventually([&] { return app.figures().assignments >= 6; })) << "the newcomer got nothing";
  slow = false;
  EXPECT_TRUE(all_seen(20'000));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), 20'000U) << "a partition that moves is given back in order";
  EXPECT_EQ(application_test::order_fault(recorder->seen()), "");
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

}  // namespace
}  // namespace braid::integration
