#include "mock/application/application_test.hpp"

#include "mock/adapters/kafka_member.hpp"

#include <algorithm>
#include <mutex>

namespace braid::application_test {

void ApplicationTest::make_topic(const std::string& name, int partitions) {
  const auto made = cluster.create_topic(name, partitions);
  ASSERT_TRUE(made.ok()) << made.error().text();
}

Settings ApplicationTest::settings() const {
  return test_settings(cluster.bootstrap(), EmbeddedCluster::recommended_consumer_settings());
}

Producer& ApplicationTest::producer() {
  if (!producer_) {
    ProducerSettings settings;
    settings.kafka = {{"bootstrap.servers", cluster.bootstrap()}, {"linger.ms", "1"}};
    settings.log_level = LogLevel::error;
    producer_.emplace(settings);
  }
  return *producer_;
}

void ApplicationTest::send(const Record& record) {
  std::mutex mutex;
  std::optional<Delivery> delivery;
  const auto sent = producer().produce(record, [&](const Delivery& one) {
    const std::scoped_lock lock(mutex);
    delivery = one;
  });
  ASSERT_TRUE(sent.ok()) << sent.error().text();
  const auto flushed = producer().flush(kDeadline);
  ASSERT_TRUE(flushed.ok()) << flushed.error().text();
  const std::scoped_lock lock(mutex);
  ASSERT_TRUE(delivery && delivery->ok());
  ends_[{std::string(record.topic), delivery->partition.value}] = delivery->offset->value + 1;
}

void ApplicationTest::produce(const std::string& topic, int count, int keys, std::optional<int> partition) {
  std::mutex mutex;
  int failed = 0;
  std::map<std::int32_t, std::int64_t> reached;
  auto& next = next_payload_[topic];
  for (int i = 0; i < count; ++i) {
    const std::string key = "k" + std::to_string(i % keys);
    const std::string payload = std::to_string(next[key]++);
    Record record{.topic = topic, .key = key, .payload = payload, .partition = {}, .headers = {}};
    if (partition) record.partition = PartitionNumber{*partition};
    const auto sent = producer().produce(record, [&](const Delivery& delivery) {
      const std::scoped_lock lock(mutex);
      if (!delivery.ok() || !delivery.offset) {
        ++failed;
        return;
      }
      std::int64_t& end = reached[delivery.partition.value];
      end = std::max(end, delivery.offset->value + 1);
    });
    ASSERT_TRUE(sent.ok()) << sent.error().text();
  }
  const auto flushed = producer().flush(kDeadline);
  ASSERT_TRUE(flushed.ok()) << flushed.error().text();
  ASSERT_EQ(failed, 0);
  for (const auto& [number, end] : reached) ends_[{topic, number}] = end;
}

std::vector<std::int64_t> ApplicationTest::ends(const std::string& topic, int partitions) const {
  std::vector<std::int64_t> all;
  for (int i = 0; i < partitions; ++i) {
    const auto found = ends_.find({topic, i});
    all.push_back(found == ends_.end() ? -1 : found->second);
  }
  return all;
}

std::vector<std::int64_t> ApplicationTest::committed(const std::string& group, const std::string& topic,
                                                     int partitions) const {
  mock_test::Member member(cluster, group, {{"partition.assignment.strategy", "range"}});
  std::vector<engine::TopicPartition> wanted;
  for (int i = 0; i < partitions; ++i) wanted.push_back(mock_test::at(topic, i));
  const auto answer = member.positions(wanted);
  std::vector<std::int64_t> all(static_cast<std::size_t>(partitions), -2);
  if (!answer.ok()) {
    ADD_FAILURE() << "positions: " << answer.error().text();
    return all;
  }
  for (const auto& stored : answer.value()) {
    all[static_cast<std::size_t>(stored.partition.partition.value)] = stored.position ? stored.position->value : -1;
  }
  return all;
}

void ApplicationTest::commit(const std::string& group, const std::string& topic, int partition,
                             std::int64_t position) {
  mock_test::Member member(cluster, group, {{"partition.assignment.strategy", "range"}});
  const auto done = member.commit({{mock_test::at(topic, partition), CommitPosition{position}, {}}});
  ASSERT_TRUE(done.ok()) << done.error().text();
}

}  // namespace braid::application_test
