#include "mock/application/application_test.hpp"

#include <braid/snapshot.hpp>

#include <algorithm>
#include <stdexcept>

namespace braid::application_test {
namespace {

class Snapshot : public ApplicationTest {
 protected:
  // The only partition of the only connection; none: it is not there.
  static std::optional<PartitionSnapshot> partition_of(const Application& app) {
    const ApplicationSnapshot snapshot = app.snapshot();
    if (snapshot.connections.size() != 1 || snapshot.connections[0].partitions.size() != 1) return std::nullopt;
    return snapshot.connections[0].partitions[0];
  }
};

TEST_F(Snapshot, TellsWhatIsThere) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Application app(settings(), route("g", "orders", recorder, [](auto& t) { t.max_messages(10).max_wait(5s); }));
  EXPECT_EQ(app.snapshot().state, ApplicationState::idle);
  EXPECT_TRUE(app.snapshot().connections.empty());
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));

  const ApplicationSnapshot snapshot = app.snapshot();
  EXPECT_EQ(snapshot.state, ApplicationState::running);
  EXPECT_EQ(snapshot.concurrency, app.concurrency());
  EXPECT_EQ(snapshot.figures.messages_taken, 10U);
  ASSERT_EQ(snapshot.connections.size(), 1U);
  const ConnectionSnapshot& connection = snapshot.connections[0];
  EXPECT_EQ(connection.name, "braid-l-0");
  EXPECT_EQ(connection.state, ConnectionState::running);
  EXPECT_EQ(connection.consumer_group, "g");
  ASSERT_EQ(connection.partitions.size(), 1U);
  const PartitionSnapshot& partition = connection.partitions[0];
  EXPECT_EQ(partition.topic, "orders");
  EXPECT_EQ(partition.partition, 0);
  EXPECT_EQ(partition.stage, PartitionStage::running);
  EXPECT_EQ(partition.position, 0);
  EXPECT_EQ(partition.taken_to, 10);
  EXPECT_EQ(partition.end, 10);
  EXPECT_EQ(partition.open, 10U);
  EXPECT_EQ(partition.oldest_open, 0);
  EXPECT_FALSE(partition.held);
  ASSERT_EQ(partition.work.size(), 1U);
  const WorkSnapshot& work = partition.work[0];
  EXPECT_EQ(work.state, WorkState::running);
  EXPECT_EQ(work.messages, 10U);
  EXPECT_EQ(work.first_offset, 0);
  EXPECT_EQ(work.last_offset, 9);
  EXPECT_EQ(work.key, "k0");
  EXPECT_TRUE(work.running_for.has_value());
  EXPECT_NE(work.thread, 0);
  EXPECT_LT(work.virtual_partition, partition.max_virtual_partitions);

  gate->open();
  ASSERT_TRUE(all_seen(10));
  EXPECT_TRUE(eventually([&] {
    const auto now = partition_of(app);
    return now && now->position == 10 && now->processed_lag == 0 && now->work.empty();
  }));
  app.stop();
  EXPECT_EQ(app.snapshot().state, ApplicationState::stopped);
  EXPECT_EQ(app.snapshot().connections.at(0).state, ConnectionState::ended);
}

// What waits in queues of their own is told for each, behind what runs.
TEST_F(Snapshot, TellsOfQueues) {
  make_topic("orders");
  produce("orders", 40, 1);
  auto gate = std::make_shared<Gate>();
  recorder->script = [gate](Batch&) { gate->pass(); };
  Application app(settings(), route("g", "orders", recorder,
                                    [](auto& t) { t.flow(routing::Flow::continuous).max_messages(5); }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  EXPECT_TRUE(eventually([&] {
    const auto now = partition_of(app);
    return now && now->work.size() == 1 && now->work[0].state == WorkState::running &&
           now->work[0].messages + now->work[0].queued >= 35;
  }));
  gate->open();
  EXPECT_TRUE(all_seen(40));
}

TEST_F(Snapshot, AListenerThatDoesNotAnswerIsSilent) {
  make_topic("orders");
  produce("orders", 10, 1);
  auto gate = std::make_shared<Gate>();
  Application app(settings(), route("g", "orders", recorder, [gate](auto& t) {
                    t.virtual_partitions({.by = braid::partition_by([gate](const Message& message) {
                                            gate->pass();
                                            return std::string(message.key());
                                          })});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 1; }));
  const ApplicationSnapshot snapshot = app.snapshot(100ms);
  ASSERT_EQ(snapshot.connections.size(), 1U);
  EXPECT_EQ(snapshot.connections[0].name, "braid-l-0");
  EXPECT_EQ(snapshot.connections[0].state, ConnectionState::silent);
  const auto paused = app.pause({.topic = "orders"});
  ASSERT_FALSE(paused.ok());
  EXPECT_EQ(paused.error().kind(), Error::Kind::timed_out);
  gate->open();
  // What was asked is done, later: nothing starts now, or all was done before.
  EXPECT_TRUE(eventually([&] {
    const auto now = partition_of(app);
    return now && now->held;
  }));
  ASSERT_TRUE(app.resume({.topic = "orders"}).ok());
  EXPECT_TRUE(all_seen(10));
}

TEST_F(Snapshot, TheConfigurationHidesSecrets) {
  Settings secret = settings();
  secret.kafka["sasl.password"] = "hunter2";
  secret.producer["ssl.key.password"] = "hunter3";
  const Application app(secret, route("g", "orders", recorder,
                                      [](auto& t) { t.kafka("sasl.oauthbearer.client.secret", "hunter4"); }));
  const ConfigurationSnapshot configuration = app.configuration();
  std::string all = configuration.routes;
  for (const auto* list : {&configuration.settings, &configuration.kafka}) {
    for (const auto& [name, value] : *list) all += name + "=" + value + "\n";
  }
  EXPECT_NE(all.find("sasl.password=***"), std::string::npos) << all;
  EXPECT_NE(all.find("producer: ssl.key.password=***"), std::string::npos) << all;
  EXPECT_NE(all.find("orders"), std::string::npos) << all;
  EXPECT_EQ(all.find("hunter"), std::string::npos) << all;
}

// --- what operators ask of partitions

TEST_F(Snapshot, APausedTopicStandsStillUntilItIsResumed) {
  make_topic("orders", 2);
  Application app(settings(), route("g", "orders", recorder));
  const auto closed = app.pause({.topic = "orders"});
  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().kind(), Error::Kind::closed);
  app.start();
  produce("orders", 20);
  ASSERT_TRUE(all_seen(20));
  const auto paused = app.pause({.topic = "orders"});
  ASSERT_TRUE(paused.ok()) << paused.error().text();
  EXPECT_EQ(paused.value(), 2U);
  produce("orders", 20);
  EXPECT_TRUE(eventually([&] {
    const auto snapshot = app.snapshot();
    const auto& partitions = snapshot.connections.at(0).partitions;
    return std::ranges::all_of(partitions, &PartitionSnapshot::held) &&
           std::ranges::any_of(partitions, [](const auto& each) { return each.waiting + each.fetched > 0; });
  }));
  EXPECT_EQ(recorder->distinct(), 20U);
  const auto resumed = app.resume({.topic = "orders", .consumer_group = "g"});
  ASSERT_TRUE(resumed.ok());
  EXPECT_EQ(resumed.value(), 2U);
  EXPECT_TRUE(all_seen(40));
}

TEST_F(Snapshot, APauseMayEndByItself) {
  make_topic("orders");
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  produce("orders", 5);
  ASSERT_TRUE(all_seen(5));
  ASSERT_TRUE(app.pause({.topic = "orders"}, 300ms).ok());
  produce("orders", 5);
  EXPECT_TRUE(all_seen(10));
  EXPECT_THROW((void)app.pause({.topic = "orders"}, 0ms), std::invalid_argument);
}

TEST_F(Snapshot, WhatIsNotHereIsAnError) {
  make_topic("orders");
  produce("orders", 1);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(1));
  for (const PartitionChoice& choice :
       {PartitionChoice{.topic = "bills"}, PartitionChoice{.topic = "orders", .partition = 1},
        PartitionChoice{.topic = "orders", .consumer_group = "h"}}) {
    const auto paused = app.pause(choice);
    ASSERT_FALSE(paused.ok());
    EXPECT_EQ(paused.error().kind(), Error::Kind::unknown_topic);
  }
  EXPECT_TRUE(app.pause({.topic = "orders", .partition = 0}).ok());
}

TEST_F(Snapshot, ASeekGoesOnThere) {
  make_topic("orders");
  produce("orders", 10, 1);
  Application app(settings(), route("g", "orders", recorder));
  app.start();
  ASSERT_TRUE(all_seen(10));
  ASSERT_TRUE(app.seek({.topic = "orders", .partition = 0}, SeekTarget::offset(Offset{4})).ok());
  EXPECT_TRUE(eventually([&] { return recorder->count() == 16; })) << recorder->count();
  EXPECT_EQ(app.figures().seeks, 1U);
}

TEST_F(Snapshot, TheLogsLevelMayChange) {
  Application app(settings(), route("g", "orders", recorder));
  app.set_log_level(LogLevel::off);
  const std::string before = log.text();
  app.set_log_level(LogLevel::debug);
  EXPECT_GT(log.text().size(), before.size());
}

}  // namespace
}  // namespace braid::application_test
