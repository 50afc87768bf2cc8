#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace braid::integration {
namespace {

using application_test::order_fault;

class SingleProcess : public KafkaTest {
 protected:
  [[nodiscard]] static std::vector<std::string> numbers(int from, int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) all.push_back(std::to_string(from + i));
    return all;
  }
};

TEST_F(SingleProcess, EveryMessageIsDoneOnceAndARestartGoesOn) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 3);
  produce(5000, 100);
  {
    Application app(settings(), route(group, topic, recorder));
    app.start();
    ASSERT_TRUE(all_seen(5000));
    EXPECT_TRUE(app.stop().in_time);
    EXPECT_EQ(app.figures().offset_jumps, 0U);
    EXPECT_EQ(app.figures().messages_stale, 0U);
  }
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
  produce(1000, 100);
  Application again(settings(), route(group, topic, recorder));
  again.start();
  EXPECT_TRUE(all_seen(6000));
  EXPECT_TRUE(again.stop().in_time);
  EXPECT_EQ(recorder->count(), 6000U);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

TEST_F(SingleProcess, FailuresOnTheWayCostNoMessage) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 2);
  produce(2000, 50);
  std::atomic<int> calls{0};
  recorder->script = [&](Batch&) {
    if (++calls % 5 == 0) throw std::runtime_error("each fifth");
  };
  Application app(settings(), route(group, topic, recorder));
  app.start();
  EXPECT_TRUE(all_seen(2000));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), 2000U);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

// Aborted messages and markers are holes in the offsets: nothing is there, and nothing is held back.
TEST_F(SingleProcess, TransactionsLeaveHolesThatHoldNothingBack) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1);
  produce_transaction(bootstrap(), topic, numbers(0, 10), true);
  produce_transaction(bootstrap(), topic, std::vector<std::string>(10, "-1"), false);
  produce_transaction(bootstrap(), topic, numbers(10, 10), true);
  produce_transaction(bootstrap(), topic, std::vector<std::string>(5, "-1"), false);
  Settings committed_only = settings();
  committed_only.kafka["isolation.level"] = "read_committed";
  Application app(committed_only, route(group, topic, recorder));
  app.start();
  EXPECT_TRUE(all_seen(20));
  // The log ends with messages that were aborted and with markers; lag still reaches 0.
  EXPECT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), 20U);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_GE(app.figures().offset_jumps, 2U);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

TEST_F(SingleProcess, APositionThatWasDeletedIsAnsweredByThePolicyEarliest) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1);
  produce(100, 1);
  commit_position(bootstrap(), group, topic, 10);
  delete_records_before(bootstrap(), topic, 50);
  Application app(settings(), route(group, topic, recorder));
  app.start();
  EXPECT_TRUE(all_seen(50));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->count(), 50U);
  EXPECT_EQ(recorder->seen().front().offset, 50);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

TEST_F(SingleProcess, APositionThatWasDeletedIsAnsweredByThePolicyFail) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1);
  produce(100, 1);
  commit_position(bootstrap(), group, topic, 10);
  delete_records_before(bootstrap(), topic, 50);
  Application app(settings(), route(group, topic, recorder, [](routing::TopicBuilder& builder) {
                    builder.initial_offset(InitialOffset::fail);
                  }));
  EXPECT_THROW(app.run(), ApplicationError);
  EXPECT_EQ(recorder->count(), 0U);
  EXPECT_EQ(admin.committed(group, topic), std::vector<std::int64_t>{10}) << "the position was moved";
}

TEST_F(SingleProcess, WithoutAPositionLatestReadsWhatComes) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1);
  produce(100, 1);
  Application app(settings(), route(group, topic, recorder, [](routing::TopicBuilder& builder) {
                    builder.initial_offset(InitialOffset::latest);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] {
    produce(1, 1);
    return recorder->count() > 0;
  }));
  const std::int64_t first = recorder->seen().front().offset;
  EXPECT_GE(first, 100);
  EXPECT_TRUE(all_seen(static_cast<std::size_t>(admin.end_offsets(topic)[0] - first)));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

TEST_F(SingleProcess, CompactedOffsetsHoldNothingBack) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1, 1,
                     {{"cleanup.policy", "compact"},
                      {"segment.ms", "100"},
                      {"min.cleanable.dirty.ratio", "0.01"},
                      {"max.compaction.lag.ms", "100"}});
  produce(1, 1);
  // Whatever the cleaner has got to by now: the last message of each key is always there.
  for (int i = 0; i < 20; ++i) produce(50, 5);
  const std::int64_t end = admin.end_offsets(topic)[0];
  Application app(settings(), route(group, topic, recorder));
  app.start();
  EXPECT_TRUE(eventually([&] {
    const auto seen = recorder->seen();
    return std::any_of(seen.begin(), seen.end(),
                       [&](const application_test::Seen& one) { return one.offset == end - 1; });
  }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(admin.committed(group, topic), std::vector<std::int64_t>{end});
}

TEST_F(SingleProcess, AnUnknownTopicIsSaidAndWaitedFor) {
  Application app(settings(), route(group, topic, recorder));
  app.start();
  EXPECT_TRUE(eventually([&] { return log.count("topic " + topic + " does not exist") > 0; }));
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 2);
  produce(50);
  EXPECT_TRUE(all_seen(50));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

// The node dies without a word in the middle of a stream, and comes back.
TEST_F(SingleProcess, ABrokerKilledUnderLoadCostsNoMessage) {
  KafkaCluster cluster = KafkaCluster::start();
  KafkaAdmin admin(cluster.bootstrap());
  admin.create_topic(topic, 3);
  constexpr int kCount = 20'000;
  std::string producing;
  int undelivered = 0;
  Settings patient = settings(cluster.bootstrap());
  Application app(patient, route(group, topic, recorder));
  app.start();
  // First a part that is done and committed, so that the kill falls into the middle.
  std::atomic<bool> killed{false};
  std::jthread writer([&] {
    try {
      KeyedProducer producer(cluster.bootstrap(), topic, 100);
      producer.send(kCount / 4);
      while (!killed && producer.sent() < kCount * 3 / 4) {
        const auto commits = app.figures().commits;
        producer.send(kCount / 20);
        if (!eventually([&] { return killed || app.figures().commits > commits; })) break;
      }
      // What can't be delivered meanwhile is kept and sent again.
      producer.send(kCount - producer.sent());
      undelivered = producer.finish();
    } catch (const std::exception& error) {
      producing = error.what();
    }
  });
  EXPECT_TRUE(all_seen(kCount / 2));
  cluster.kill(1);
  killed = true;
  cluster.restart(1);
  writer.join();
  EXPECT_EQ(producing, "");
  EXPECT_EQ(undelivered, 0);
  EXPECT_TRUE(eventually([&] { return recorder->distinct() >= kCount; }, 60s)) << recorder->distinct();
  EXPECT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }, 60s));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(app.figures().offset_jumps, 0U);
  EXPECT_LT(recorder->count(), 2U * kCount) << "what was committed before the kill is done again";
  std::printf("RESULT name=integration.broker_killed messages=%d lost=%zu duplicates=%zu\n", kCount,
              kCount - std::min<std::size_t>(kCount, recorder->distinct()),
              recorder->count() - recorder->distinct());
}

}  // namespace
}  // namespace braid::integration
