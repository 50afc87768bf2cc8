#include "integration/application/kafka_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

using application_test::Gate;
using Instant = std::chrono::steady_clock::time_point;

class Protocols : public KafkaTest {
 protected:
  Settings with(const std::string& strategy) const {
    Settings chosen = settings();
    chosen.kafka["partition.assignment.strategy"] = strategy;
    return chosen;
  }
  void make_topic(int partitions) {
    KafkaAdmin admin(bootstrap());
    admin.create_topic(topic, partitions);
  }
  // While a member joins: how long the partitions that stay with the first one stand still.
  void measure_retained_stall(bool hook_hangs);
};

// Kafka's documentation lets Java clients offer both kinds for the time of one restart. No librdkafka can: who asks
// for it is told so before anything starts.
TEST_F(Protocols, BothKindsOfStrategiesAtOnceAreRefused) {
  const Settings both = with("cooperative-sticky,range");
  try {
    Application app(both, route(group, topic, recorder));
    app.start();
    FAIL() << "it started";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("never together"), std::string::npos) << error.what();
  }
}

// What works instead: restart the members one after another. The new ones stand by until the last old one has left,
// then they have everything; nobody has to be stopped first, and nothing is lost or done twice.
TEST_F(Protocols, ARollingRestartMovesAGroupFromEagerToCooperative) {
  make_topic(4);
  auto old_member = std::make_unique<Application>(with("range"), route(group, topic, recorder));
  auto other_old = std::make_unique<Application>(with("range"), route(group, topic, recorder));
  old_member->start();
  other_old->start();
  produce(2000, 40);
  ASSERT_TRUE(all_seen(2000));

  ASSERT_TRUE(old_member->stop().in_time);
  Application new_member(with("cooperative-sticky"), route(group, topic, recorder));
  new_member.start();
  produce(2000, 40);
  ASSERT_TRUE(all_seen(4000)) << "the old member does not do all of it";
  EXPECT_EQ(new_member.figures().assignments, 0U) << "two kinds in one group";
  EXPECT_FALSE(new_member.failure()) << *new_member.failure();

  const Instant left = std::chrono::steady_clock::now();
  ASSERT_TRUE(other_old->stop().in_time);
  ASSERT_TRUE(eventually([&] { return new_member.figures().assignments == 4; })) << "it stands by for good";
  const double gap = std::chrono::duration<double>(std::chrono::steady_clock::now() - left).count();
  Application other_new(with("cooperative-sticky"), route(group, topic, recorder));
  other_new.start();
  produce(2000, 40);
  ASSERT_TRUE(all_seen(6000));
  ASSERT_TRUE(eventually([&] { return other_new.figures().assignments > 0; }));
  EXPECT_LT(new_member.figures().revocations, 4U) << "an eager revocation";
  ASSERT_TRUE(new_member.stop().in_time);
  ASSERT_TRUE(other_new.stop().in_time);
  EXPECT_EQ(application_test::order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->count(), 6000U) << "something was done twice";
  std::printf(
      "RESULT name=protocol.rolling_switch from=range to=cooperative-sticky lost=0 duplicates=%zu gap_s=%.2f\n",
      recorder->count() - 6000U, gap);
}

TEST_F(Protocols, TheNewGroupProtocolIsRefusedOrWorks) {
  Settings chosen = application_test::test_settings(bootstrap(), {{"group.protocol", "consumer"}});
  make_topic(2);
  try {
    Application app(chosen, route(group, topic, recorder));
    app.start();
    produce(100);
    EXPECT_TRUE(all_seen(100));
    EXPECT_TRUE(app.stop().in_time);
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("needs librdkafka 2.12 or later"), std::string::npos) << error.what();
    std::printf("RESULT name=protocol.kip848 available=0\n");
  }
}

// One partition's job does not end, and is waited for while it is revoked; those that stay go on meanwhile.
void Protocols::measure_retained_stall(bool hook_hangs) {
  constexpr auto kDrain = 1500ms;
  make_topic(6);
  Settings chosen = with("cooperative-sticky");
  chosen.drain_on_revoke = kDrain;
  chosen.concurrency = 8;
  // A job of each partition is held from the rebalance on, but only for those that leave does that matter: those
  // that stay have other virtual partitions.
  std::mutex mutex;
  std::map<std::int32_t, std::vector<Instant>> times;
  auto gate = std::make_shared<Gate>();
  std::atomic<bool> hold{false};
  recorder->script = [&, gate](Batch& batch) {
    {
      const std::scoped_lock lock(mutex);
      times[batch.partition().value].push_back(std::chrono::steady_clock::now());
    }
    if (hold && batch.front().key() == "stuck") gate->pass();
  };
  // One last hook is enough, and leaves workers for the others.
  std::atomic<bool> hangs{hook_hangs};
  recorder->in_hook = [&, gate](const std::string& name, const VirtualPartition&) {
    if (hold && name == "revoked" && hangs.exchange(false)) gate->pass();
  };
  const auto tune = [](auto& t) { t.flow(braid::Flow::continuous).max_messages(5); };
  Application first(chosen, route(group, topic, recorder, tune));
  first.start();
  ASSERT_TRUE(eventually([&] { return first.figures().assignments == 6; }));

  // A little of everything, all the time.
  std::jthread producing([&](const std::stop_token& stop) {
    KeyedProducer producer(bootstrap(), topic, 100);
    while (!stop.stop_requested()) {
      producer.send(20);
      std::this_thread::sleep_for(5ms);  // a pace, nothing waits for it
    }
    EXPECT_EQ(producer.finish(), 0);
  });
  ASSERT_TRUE(all_seen(500));
  ProducerSettings stuck_settings;
  stuck_settings.kafka = {{"bootstrap.servers", bootstrap()}};
  Producer stuck(stuck_settings);
  hold = true;
  for (int partition = 0; partition < 6; ++partition) {
    ASSERT_TRUE(stuck
                    .produce({.topic = topic,
                              .key = "stuck",
                              .payload = "0",
                              .partition = PartitionNumber{partition},
                              .headers = {}})
                    .ok());
  }
  ASSERT_TRUE(eventually([&] { return gate->waiting() == 6; }));

  auto others = std::make_shared<Recorder>();
  Application second(chosen, route(group, topic, others, tune));
  const Instant from = std::chrono::steady_clock::now();
  second.start();
  ASSERT_TRUE(eventually([&] { return second.figures().assignments == 3; }));
  // Behind it all are fetched again.
  const std::size_t seen = recorder->count();
  ASSERT_TRUE(eventually([&] { return recorder->count() > seen + 500; }));
  const Instant to = std::chrono::steady_clock::now();
  gate->open();
  producing.request_stop();
  producing.join();
  ASSERT_EQ(first.figures().revocations, 3U);

  std::set<std::int32_t> moved;
  for (const auto& seen_there : others->seen()) moved.insert(seen_there.partition);
  first.stop();
  second.stop();
  double longest = 0;
  int retained = 0;
  const std::scoped_lock lock(mutex);
  for (auto& [partition, all] : times) {
    if (moved.contains(partition)) continue;
    ++retained;
    std::ranges::sort(all);
    Instant last = from;
    double gap = 0;
    for (const Instant at : all) {
      if (at < from || at > to) continue;
      gap = std::max(gap, std::chrono::duration<double>(at - last).count());
      last = at;
    }
    gap = std::max(gap, std::chrono::duration<double>(to - last).count());
    longest = std::max(longest, gap);
  }
  std::printf(
      "RESULT name=rebalance.retained_stall protocol=cooperative hook_hangs=%d drain_s=%.2f stall_s=%.3f "
      "partitions=%d\n",
      hook_hangs ? 1 : 0, std::chrono::duration<double>(kDrain).count(), longest, retained);
  EXPECT_FALSE(hangs) << "no last hook was called";
  EXPECT_EQ(retained, 3);
  EXPECT_LE(longest, std::chrono::duration<double>(kDrain + 300ms).count());
}

TEST_F(Protocols, ARetainedPartitionStandsStillForTheWaitAtMost) {
  measure_retained_stall(false);
}

TEST_F(Protocols, ALastHookThatHangsKeepsRetainedPartitionsNoLonger) {
  measure_retained_stall(true);
}

}  // namespace
}  // namespace braid::integration
