// What a user may not do is said once, and done when it may.

#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

namespace braid::integration {
namespace {

// One node with access lists: who is on the plain listener may do everything, alice what she is allowed.
class Authorization : public KafkaTest {
 protected:
  static void SetUpTestSuite() {
    if (KafkaCluster::available()) return;
    kafka.emplace(KafkaCluster::start(
        {.settings = {{"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
                      {"super.users", "User:ANONYMOUS"},
                      {"listener.name.safe.sasl.enabled.mechanisms", "PLAIN"},
                      {"listener.name.safe.plain.sasl.jaas.config",
                       "org.apache.kafka.common.security.plain.PlainLoginModule required user_alice=\"secret\";"}},
         .listeners = {{"safe", "SASL_PLAINTEXT"}}}));
  }
  static void TearDownTestSuite() { kafka.reset(); }

  [[nodiscard]] Settings alice() const {
    Settings hers = settings(kafka->bootstrap("safe"));
    hers.kafka["security.protocol"] = "sasl_plaintext";
    hers.kafka["sasl.mechanism"] = "PLAIN";
    hers.kafka["sasl.username"] = "alice";
    hers.kafka["sasl.password"] = "secret";
    return hers;
  }
  [[nodiscard]] static const std::string& servers() { return kafka->bootstrap(); }
  // How many lines of the log at level warning or error tell of it.
  [[nodiscard]] std::size_t complaints() const {
    std::istringstream all(log.text());
    std::size_t count = 0;
    for (std::string line; std::getline(all, line);) {
      const bool loud = line.find(" warning ") != std::string::npos || line.find(" error ") != std::string::npos;
      if (loud && line.find("uthorization failed") != std::string::npos) ++count;
    }
    return count;
  }
  [[nodiscard]] bool said() const {
    return eventually([&] { return complaints() > 0; });
  }
  // Longer than all that is tried again at the first time; that it is said once can't be seen sooner.
  void let_it_try() const {
    const auto until = std::chrono::steady_clock::now() + 5s;
    EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() >= until; }));
  }

  static std::optional<KafkaCluster> kafka;
};

std::optional<KafkaCluster> Authorization::kafka;

TEST_F(Authorization, ATopicThatMayNotBeReadIsSaidOnceAndReadLater) {
  KafkaAdmin admin(servers());
  admin.create_topic(topic, 2);
  produce(50, 10, servers());
  allow_reading(servers(), "alice", Resource::group, group);
  Application app(alice(), route(group, topic, recorder));
  app.start();
  ASSERT_TRUE(said());
  let_it_try();
  EXPECT_EQ(complaints(), 1U) << log.text();
  allow_reading(servers(), "alice", Resource::topic, topic);
  EXPECT_TRUE(all_seen(50));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

TEST_F(Authorization, AGroupThatMayNotBeUsedIsSaidOnceAndJoinedLater) {
  KafkaAdmin admin(servers());
  admin.create_topic(topic, 2);
  produce(50, 10, servers());
  allow_reading(servers(), "alice", Resource::topic, topic);
  Application app(alice(), route(group, topic, recorder));
  app.start();
  ASSERT_TRUE(said()) << log.text();
  let_it_try();
  EXPECT_EQ(complaints(), 1U) << log.text();
  EXPECT_EQ(log.count("group " + group + " may not be used"), 1U) << log.text();
  allow_reading(servers(), "alice", Resource::group, group);
  EXPECT_TRUE(all_seen(50));
  EXPECT_EQ(log.count("group " + group + " may be used again"), 1U) << log.text();
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

// Two topics, and one of them is taken away while both are being read.
TEST_F(Authorization, WhatIsTakenAwayKeepsNothingElseFromGoingOn) {
  const std::string other = unique_name("payments");
  KafkaAdmin admin(servers());
  admin.create_topic(topic, 2);
  admin.create_topic(other, 2);
  for (const std::string& each : {topic, other}) allow_reading(servers(), "alice", Resource::topic, each);
  allow_reading(servers(), "alice", Resource::group, group);
  Application app(alice(), routing::draw([&](routing::RoutesBuilder& r) {
                    auto both = r.consumer_group(group);
                    for (const std::string& each : {topic, other}) {
                      auto built = both.topic(each);
                      built.consumer("recording", [recorder = recorder] {
                        return std::make_unique<application_test::RecordingConsumer>(recorder);
                      });
                    }
                  }));
  app.start();
  produce(50, 10, servers());
  ASSERT_TRUE(eventually([&] { return recorder->count() >= 50; }));
  forbid_reading(servers(), "alice", Resource::topic, topic);
  produce(50, 10, servers());
  ASSERT_TRUE(said());
  let_it_try();
  KeyedProducer others(servers(), other, 10);
  others.send(100);
  ASSERT_EQ(others.finish(), 0);
  EXPECT_TRUE(eventually([&] { return admin.committed(group, other) == admin.end_offsets(other); }));
  // Its messages, its positions, that it is subscribed to, and each of its two partitions that the library looks for
  // once more: each may be refused, each is said once.
  EXPECT_LE(complaints(), 5U) << log.text();
  allow_reading(servers(), "alice", Resource::topic, topic);
  EXPECT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }, 60s));
  EXPECT_TRUE(app.stop().in_time);
}

}  // namespace
}  // namespace braid::integration
