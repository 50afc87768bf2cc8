#include "integration/application/kafka_fixture.hpp"

#include <braid/partition_control.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

// By both of the group's protocols, as each has its own way to send one partition elsewhere.
class SeekOnKafka : public KafkaTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void keep_control_of(std::int32_t partition) {
    recorder->script = [this, partition](Batch& batch) {
      const std::lock_guard lock(mutex_);
      if (batch.partition().value == partition) control_ = batch.control();
    };
  }
  // As soon as there is one.
  [[nodiscard]] PartitionControl control() {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex_);
      return control_.has_value();
    }));
    const std::lock_guard lock(mutex_);
    return control_.value();
  }
  [[nodiscard]] Settings with_protocol() const {
    Settings made = settings();
    made.kafka["partition.assignment.strategy"] = GetParam();
    return made;
  }

 private:
  std::mutex mutex_;
  std::optional<PartitionControl> control_;
};

TEST_P(SeekOnKafka, ToATimeAndToTheBounds) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 1);
  produce(500, 10);
  // Kafka's timestamps are milliseconds of this machine's clock: one apart on both sides.
  std::this_thread::sleep_for(5ms);
  const auto between = std::chrono::system_clock::now();
  std::this_thread::sleep_for(5ms);
  produce(300, 10);
  keep_control_of(0);
  Application app(with_protocol(), route(group, topic, recorder, [](routing::TopicBuilder& made) {
                    made.virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  ASSERT_TRUE(all_seen(800));

  const auto first_behind = [&](std::size_t count) -> std::int64_t {
    EXPECT_TRUE(eventually([&] { return recorder->count() > count; }));
    return recorder->seen()[count].offset;
  };
  control().seek(SeekTarget::time(between));
  EXPECT_EQ(first_behind(800), 500) << "the first message of that time or later";
  ASSERT_TRUE(eventually([&] { return recorder->count() == 1100; }));

  control().seek(SeekTarget::earliest());
  EXPECT_EQ(first_behind(1100), 0);
  ASSERT_TRUE(eventually([&] { return recorder->count() == 1900; }));

  // Of a time that has not come yet there is nothing: the end.
  control().seek(SeekTarget::time(std::chrono::system_clock::now() + 1h));
  ASSERT_TRUE(eventually([&] { return app.figures().seeks == 3; }));
  produce(10, 1);
  EXPECT_EQ(first_behind(1900), 800);
  ASSERT_TRUE(eventually([&] { return recorder->count() == 1910; }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(app.figures().offset_jumps, 0U);
  EXPECT_EQ(admin.committed(group, topic), admin.end_offsets(topic));
}

// Back and forth under load: whatever is fetched and on its way, nothing behind a target is left out.
TEST_P(SeekOnKafka, UnderLoadNothingBehindTheTargetIsLeftOut) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, 2);
  produce(20'000, 100);
  keep_control_of(1);
  Application app(with_protocol(), route(group, topic, recorder, [](routing::TopicBuilder& made) {
                    made.flow(Flow::continuous).max_messages(20);
                  }));
  app.start();
  std::uint64_t seeks = 0;
  for (const std::int64_t target : {0, 3000, 100, 5000, 1234}) {
    // One that is asked for before the former is done takes its place.
    ASSERT_TRUE(eventually([&] { return app.figures().seeks == seeks; }));
    ++seeks;
    const std::size_t before = recorder->count();
    ASSERT_TRUE(eventually([&] { return recorder->count() > before + 1500; }));
    control().seek(SeekTarget::offset(Offset{target}));
  }
  ASSERT_TRUE(eventually([&] { return admin.committed(group, topic) == admin.end_offsets(topic); }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(app.figures().seeks, 5U);
  EXPECT_EQ(app.figures().offset_jumps, 0U);
  // Of partition 1 all from the last target on, by the last generation; of partition 0 everything once.
  std::uint64_t last = 0;
  std::vector<int> of_the_other(20'000);
  for (const auto& seen : recorder->seen()) {
    if (seen.partition == 1) last = std::max(last, seen.generation);
    if (seen.partition == 0) ++of_the_other[static_cast<std::size_t>(seen.offset)];
  }
  const auto ends = admin.end_offsets(topic);
  std::vector<int> of_the_last(static_cast<std::size_t>(ends[1]));
  for (const auto& seen : recorder->seen()) {
    if (seen.generation == last) ++of_the_last[static_cast<std::size_t>(seen.offset)];
  }
  for (std::int64_t offset = 0; offset < ends[1]; ++offset) {
    EXPECT_EQ(of_the_last[static_cast<std::size_t>(offset)], offset < 1234 ? 0 : 1) << offset;
  }
  for (std::int64_t offset = 0; offset < ends[0]; ++offset) {
    EXPECT_EQ(of_the_other[static_cast<std::size_t>(offset)], 1) << offset;
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, SeekOnKafka, ::testing::Values("range", "cooperative-sticky"),
                         [](const auto& test) {
                           return std::string(test.param == std::string("range") ? "range" : "cooperative");
                         });

}  // namespace
}  // namespace braid::integration
