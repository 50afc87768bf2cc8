// From topic to topic: who reads what was committed sees each message's effect once, whatever dies.

#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"
#include "mock/application/worker_process.hpp"

#include <braid/producer.hpp>

#include <csignal>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

using application_test::WorkerProcess;

constexpr int kPartitions = 4;

struct Effects {
  std::size_t lost = 0;
  std::size_t repeated = 0;
};

class ExactlyOnceOnKafka : public KafkaTest {
 protected:
  std::string out = unique_name("out");
  KafkaAdmin admin{bootstrap()};

  void SetUp() override {
    KafkaTest::SetUp();
    if (IsSkipped()) return;
    admin.create_topic(topic, kPartitions);
    admin.create_topic(out, kPartitions);
  }

  // What each message of `topic` has come to in `out`.
  [[nodiscard]] Effects effects() {
    std::map<std::string, int> times;
    for (const std::string& payload : read_committed(bootstrap(), out, kPartitions)) ++times[payload];
    Effects found;
    const std::vector<std::int64_t> ends = admin.end_offsets(topic);
    for (std::size_t partition = 0; partition < ends.size(); ++partition) {
      for (std::int64_t offset = 0; offset < ends[partition]; ++offset) {
        const auto seen = times.find(std::to_string(partition) + "/" + std::to_string(offset));
        if (seen == times.end()) {
          ++found.lost;
        } else {
          found.repeated += static_cast<std::size_t>(seen->second - 1);
        }
      }
    }
    return found;
  }

  [[nodiscard]] bool all_committed() {
    return eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }, 60s);
  }

  // Forwards every message; every `fails`th attempt throws behind what it has sent, the first time.
  [[nodiscard]] routing::Routes forwarding(const std::function<void(routing::TopicBuilder&)>& tune) {
    return routing::draw([&](routing::RoutesBuilder& r) {
      routing::TopicBuilder builder = r.consumer_group(group).topic(topic);
      builder.handle([this](Batch& batch) {
        for (const Message& message : batch) {
          const std::string payload =
              std::to_string(batch.partition().value) + "/" + std::to_string(message.offset().value);
          const auto produced = batch.produce({.topic = out, .key = message.key(), .payload = payload}, message);
          if (!produced) throw std::runtime_error(produced.error().text());
        }
        if (batch.attempt() == 1 && batch.front().offset().value % 7 == 0)
          throw std::runtime_error("sent, and failed");
      });
      builder.delivery(routing::Delivery::exactly_once).max_messages(100).retries({.backoff = routing::fixed(5ms)});
      tune(builder);
    });
  }

  [[nodiscard]] Settings transactional() {
    Settings chosen = settings();
    chosen.transactional_id = unique_name("forwarder");
    return chosen;
  }
};

TEST_F(ExactlyOnceOnKafka, AttemptsThatFailLeaveNoEffect) {
  produce(3000, 50);
  Application app(transactional(), forwarding([](auto&) {}));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done >= 3000; }));
  ASSERT_TRUE(all_committed());
  EXPECT_GT(app.figures().attempts_failed, 0U);
  EXPECT_TRUE(app.stop().in_time);
  const Effects found = effects();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
}

TEST_F(ExactlyOnceOnKafka, SeveralBatchesShareATransaction) {
  produce(3000, 50);
  Application app(transactional(), forwarding([](auto& t) {
                    t.transaction_batches(1000).transaction_interval(200ms).max_messages(10);
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done >= 3000; }));
  ASSERT_TRUE(all_committed());
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_LT(app.figures().commits, 100U) << "of 300 batches at least";
  const Effects found = effects();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
}

// Members are killed, or stand still until others have their partitions, and come back as the same producers.
TEST_F(ExactlyOnceOnKafka, EachMessageTakesEffectOnceThoughProcessesDie) {
  constexpr int kMembers = 3;
  constexpr int kMessages = 40'000;
  const auto started = std::chrono::steady_clock::now();
  const std::string id = unique_name("forwarder");
  std::vector<std::unique_ptr<WorkerProcess>> members(kMembers);
  const auto start = [&](std::size_t which) {
    members[which] = std::make_unique<WorkerProcess>(
        "integration_exactly_once_worker",
        std::vector<std::string>{"bootstrap=" + bootstrap(), "group=" + group, "topic=" + topic, "out=" + out,
                                 "id=" + id + "-" + std::to_string(which), "fail=30", "batches=3", "interval_ms=30",
                                 "kafka.session.timeout.ms=6000", "kafka.heartbeat.interval.ms=500"});
  };
  for (std::size_t i = 0; i < members.size(); ++i) start(i);
  std::jthread producing([&] {
    KeyedProducer producer(bootstrap(), topic, 200);
    for (int sent = 0; sent < kMessages; sent += 100) {
      producer.send(100);
      std::this_thread::sleep_for(30ms);  // a pace, nothing waits for it
    }
    EXPECT_EQ(producer.finish(), 0);
  });
  std::mt19937 random(17);
  int kills = 0;
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500 + random() % 2500));
    const std::size_t which = random() % kMembers;
    if (i == 1) {
      members[which]->signal(SIGSTOP);
      std::this_thread::sleep_for(7500ms);  // behind its session
      members[which]->signal(SIGCONT);
    } else {
      members[which]->signal(SIGKILL);
      ASSERT_TRUE(members[which]->wait(10s));
      start(which);
      ++kills;
    }
  }
  producing.join();
  ASSERT_TRUE(all_committed());
  for (const auto& member : members) member->signal(SIGTERM);
  for (const auto& member : members) EXPECT_EQ(member->wait(30s), 0);
  const Effects found = effects();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf(
      "RESULT name=exactly_once.processes_die kills=%d stops=1 messages=%d lost=%zu repeated=%zu took_s=%.1f\n",
      kills, kMessages, found.lost, found.repeated, took.count());
}

}  // namespace
}  // namespace braid::integration
