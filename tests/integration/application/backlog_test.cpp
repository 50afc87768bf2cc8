#include "integration/application/kafka_fixture.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

constexpr int kPartitions = 6;
constexpr std::size_t kRoom = 400'000;  // offsets of a partition
constexpr int kMessages = 1'000'000;
constexpr int kCycles = 25;
constexpr int kLeastCycles = 5;

// Which offsets were done, and how often. Shared by all members. Thread: any.
struct Done {
  std::array<std::vector<std::atomic<std::uint8_t>>, kPartitions> times;
  std::atomic<std::uint64_t> first_times{0};
  std::atomic<std::uint64_t> share{0};  // of the backlog, for the cycles so far
  std::atomic<std::uint64_t> repeated{0};
  Done() {
    for (auto& partition : times) partition = std::vector<std::atomic<std::uint8_t>>(kRoom);
  }
};

// Takes a little time for each batch, and much where the backlog would not last for all cycles, however long these
// take on a machine that has other things to do.
class Slow final : public Consumer {
 public:
  explicit Slow(std::shared_ptr<Done> done) : done_(std::move(done)) {}

 protected:
  void consume(Batch& batch) override {
    std::this_thread::sleep_for(done_->first_times < done_->share ? 1ms : 20ms);
    for (const Message& message : batch) {
      auto& times = done_->times[static_cast<std::size_t>(message.partition().value)];
      const bool first = times.at(static_cast<std::size_t>(message.offset().value)).fetch_add(1) == 0;
      ++(first ? done_->first_times : done_->repeated);
    }
  }

 private:
  std::shared_ptr<Done> done_;
};

class Backlog : public KafkaTest {};

// Rebalances while much is waiting: each throws away what was fetched ahead, of partitions that stay too, and they
// go on exactly where they were. The rarest loss there, of messages taken in the very moment of the rebalance, is
// too rare to show in the seconds that this test has; jumps in the offsets would tell it.
TEST_F(Backlog, PartitionsThatStayLoseNothingInRebalances) {
  KafkaAdmin admin(bootstrap());
  admin.create_topic(topic, kPartitions);
  auto done = std::make_shared<Done>();
  const auto member = [&] {
    Settings made = settings();
    made.log_level = LogLevel::warning;
    made.kafka["partition.assignment.strategy"] = "cooperative-sticky";
    return std::make_unique<Application>(made, routing::draw([&](routing::RoutesBuilder& r) {
                                           r.consumer_group(group)
                                               .topic(topic)
                                               .consumer("slow", [done] { return std::make_unique<Slow>(done); })
                                               .max_messages(50)
                                               .virtual_partitions({.max_partitions = 2});
                                         }));
  };
  KeyedProducer producer(bootstrap(), topic, 1000);
  producer.send(kMessages);
  ASSERT_EQ(producer.finish(), 0);
  constexpr std::uint64_t kShare = kMessages * 9 / 10 / kCycles;
  done->share = kShare;
  auto stays = member();
  stays->start();
  ASSERT_TRUE(eventually([&] { return done->first_times > 0; }));
  std::uint64_t jumps = 0;
  int cycles = 0;
  const auto began = std::chrono::steady_clock::now();
  const auto has_time = [&] {
    return std::chrono::steady_clock::now() < began + (cycles < kLeastCycles ? 90s : 15s);
  };
  while (cycles < kCycles && has_time() && done->first_times < kMessages * 9 / 10) {
    const auto had = stays->figures().assignments;
    auto guest = member();
    guest->start();
    ASSERT_TRUE(eventually([&] { return guest->figures().messages_done > 0; }));
    EXPECT_TRUE(guest->stop().in_time);
    jumps += guest->figures().offset_jumps;
    // Else the next guest would get what this one has left, and nothing would move.
    ASSERT_TRUE(eventually([&] { return stays->figures().assignments > had; }));
    ++cycles;
    done->share += kShare;
  }
  const std::uint64_t waiting = kMessages - std::min<std::uint64_t>(kMessages, done->first_times);
  const auto callbacks = stays->figures().revocations;
  jumps += stays->figures().offset_jumps;
  stays->stop();
  std::printf("RESULT name=integration.backlog cycles=%d revocations=%llu jumps=%llu repeated=%llu waiting=%llu\n",
              cycles, static_cast<unsigned long long>(callbacks), static_cast<unsigned long long>(jumps),
              static_cast<unsigned long long>(done->repeated.load()), static_cast<unsigned long long>(waiting));
  EXPECT_EQ(jumps, 0U) << "messages were skipped";
  // Below the committed positions there is no hole.
  const std::vector<std::int64_t> committed = admin.committed(group, topic);
  for (std::size_t number = 0; number < committed.size(); ++number) {
    std::int64_t missing = 0;
    for (std::int64_t offset = 0; offset < committed[number]; ++offset) {
      missing += done->times[number][static_cast<std::size_t>(offset)] == 0 ? 1 : 0;
    }
    EXPECT_EQ(missing, 0) << "partition " << number;
  }
  EXPECT_GE(cycles, kLeastCycles);
}

}  // namespace
}  // namespace braid::integration
