// What consumers produce on real Kafka: whatever position is committed, everything below it has been delivered.

#include "integration/application/kafka_fixture.hpp"
#include "integration/application/raw_client.hpp"

#include <braid/delivery.hpp>

#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

constexpr int kPartitions = 3;
constexpr int kMessages = 3000;

class FromConsumers : public KafkaTest {
 protected:
  std::string out = unique_name("out");
  KafkaAdmin admin{bootstrap()};

  void SetUp() override {
    KafkaTest::SetUp();
    if (IsSkipped()) return;
    admin.create_topic(topic, kPartitions);
    admin.create_topic(out, kPartitions);
  }
  // Deliveries take their time, and positions do not wait for the next round.
  [[nodiscard]] static Settings slow_settings() {
    Settings chosen = settings();
    chosen.producer = {{"linger.ms", "100"}};
    chosen.commit_interval = 10ms;
    return chosen;
  }
  [[nodiscard]] static std::string name_of(int partition, std::int64_t offset) {
    return std::to_string(partition) + "/" + std::to_string(offset);
  }
  void forward(Batch& batch) const {
    for (const Message& message : batch) {
      const std::string payload = name_of(batch.partition().value, message.offset().value);
      const auto sent = batch.produce({.topic = out, .key = message.key(), .payload = payload}, message);
      if (!sent) throw std::runtime_error(sent.error().text());
    }
  }
  // How many messages are below the group's positions, and without a record.
  [[nodiscard]] std::size_t lost() {
    const std::vector<std::int64_t> positions = admin.committed(group, topic);  // first
    std::set<std::string> there;
    for (std::string& payload : read_committed(bootstrap(), out, kPartitions)) there.insert(std::move(payload));
    std::size_t count = 0;
    for (int partition = 0; partition < kPartitions; ++partition) {
      for (std::int64_t offset = 0; offset < positions[static_cast<std::size_t>(partition)]; ++offset) {
        count += there.contains(name_of(partition, offset)) ? 0 : 1;
      }
    }
    return count;
  }
  [[nodiscard]] bool all_committed() {
    return eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }, 60s);
  }
};

TEST_F(FromConsumers, WhatIsCommittedHasBeenProduced) {
  recorder->script = [this](Batch& batch) { forward(batch); };
  Application application(slow_settings(), route(group, topic, recorder));
  application.start();
  for (int round = 0; round < 5; ++round) {
    produce(kMessages / 5);
    EXPECT_EQ(lost(), 0U) << "in round " << round;
  }
  EXPECT_TRUE(all_committed());
  EXPECT_TRUE(application.stop().in_time);
  EXPECT_EQ(lost(), 0U);
}

// A record that no broker takes fails its message alone, which is tried again until it is another one.
TEST_F(FromConsumers, ARecordThatIsNotDeliveredFailsItsMessage) {
  const std::string narrow = unique_name("narrow");
  admin.create_topic(narrow, 1, 1, {{"max.message.bytes", "1000"}});
  std::mutex mutex;
  std::vector<std::string> failures;
  recorder->script = [&](Batch& batch) {
    for (const Message& message : batch) {
      const bool large =
          message.offset() == Offset{5} && batch.partition() == PartitionNumber{0} && batch.attempt() < 3;
      const std::string payload = large ? std::string(2000, 'x') : name_of(0, message.offset().value);
      const auto sent = batch.produce({.topic = large ? narrow : out, .payload = payload}, message);
      if (!sent) throw std::runtime_error(sent.error().text());
    }
  };
  auto routes = route(group, topic, recorder);
  auto& drawn = routes.consumer_groups[0].subscription_groups[0].topics[0];
  drawn.retries.backoff = routing::fixed(10ms);
  drawn.on_exhausted = routing::OnExhausted::skip;  // never, since retry_if hears of all and refuses none
  drawn.retries.retry_if = [&](const std::exception_ptr& failure) {
    const std::scoped_lock lock(mutex);
    try {
      std::rethrow_exception(failure);
    } catch (const DeliveryFailed& failed) {
      failures.push_back(failed.error().kind() == Error::Kind::message_too_large ? "too large" : failed.what());
    } catch (const std::exception& other) {
      failures.emplace_back(other.what());
    }
    return true;
  };
  Application application(settings(), routes);
  application.start();
  produce(300);
  EXPECT_TRUE(all_committed());
  EXPECT_TRUE(application.stop().in_time);
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(failures, (std::vector<std::string>{"too large", "too large"}));
}

TEST_F(FromConsumers, ASettingThatTheClientRefusesIsToldAtTheStart) {
  Settings wrong = settings();
  wrong.producer = {{"no.such.setting", "1"}};
  Application application(wrong, route(group, topic, recorder));
  EXPECT_THROW(application.start(), std::invalid_argument);
}

TEST_F(FromConsumers, SettingsThatContradictEachOtherAreRefused) {
  Settings wrong = settings();
  wrong.producer = {{"enable.idempotence", "true"}, {"acks", "1"}};
  EXPECT_THROW(Application(wrong, route(group, topic, recorder)), std::invalid_argument);
}

}  // namespace
}  // namespace braid::integration
