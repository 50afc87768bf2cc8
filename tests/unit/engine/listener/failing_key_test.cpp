// A key that fails for long, and a million messages of others: in continuous flow these pass, as far as its virtual
// partition's queue has room.

#include "unit/engine/listener/commit_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::int64_t kMessages = 200'000;
#else
constexpr std::int64_t kMessages = 1'000'000;
#endif
constexpr std::int64_t kChunk = 5'000;
constexpr std::uint32_t kVirtualPartitions = 1024;

// Messages go to the virtual partitions in turn; those of the first fail for 30 s of the manual clock.
class FailingKey {
 public:
  explicit FailingKey(std::uint32_t max_queued)
      : world(routing::Commit{}, routing::Flow::continuous, kVirtualPartitions, [&](routing::Topic& topic) {
          topic.max_messages = 100;
          topic.max_queued = max_queued;
          topic.retries = {.max = unlimited, .backoff = fixed(1s)};
        }) {
    const core::Time mended = world.now + 30s;
    world.world.script.consume = [this, mended](Batch& batch) {
      const bool fails = batch.virtual_partition().index().value == 0 && world.now < mended;
      if (fails) throw std::runtime_error("not now");
    };
  }
  void run() {
    for (int quiet = 0; quiet < 2;) {
      const auto before = done();
      world.run();
      quiet = done() == before ? quiet + 1 : 0;
    }
  }
  void deliver_all() {
    for (std::int64_t first = 0; first < kMessages; first += kChunk) {
      world.deliver(first, first + kChunk - 1);
      run();
    }
  }
  // In steps of a second, as the listener looks.
  void advance(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      world.advance(1s);
      world.the().runner->tidy(world.now);
      run();
    }
  }
  [[nodiscard]] std::uint64_t done() const { return world.world.counters->messages_done.load(); }
  [[nodiscard]] std::size_t told(const std::string& part) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        world.warnings(), [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }
  // Of the failing virtual partition.
  static constexpr std::uint64_t kFailing = (kMessages + kVirtualPartitions - 1) / kVirtualPartitions;

  CommitWorld world;
};

TEST(AKeyThatFails, HoldsUpNobodyWhileItsQueueHasRoom) {
  FailingKey key(10'000);
  key.deliver_all();
  key.advance(29);
  EXPECT_EQ(key.done(), kMessages - FailingKey::kFailing);
  EXPECT_EQ(key.world.position(), 0) << "what is done beyond it goes with the commits as gaps";
  EXPECT_EQ(key.told("no more is taken"), 0U);
  key.advance(2);
  EXPECT_EQ(key.done(), static_cast<std::uint64_t>(kMessages));
  EXPECT_EQ(key.world.position(), kMessages);
}

TEST(AKeyThatFails, HoldsItsPartitionUpWhereItsQueueIsFullAndThatIsSaid) {
  FailingKey key(100);
  key.deliver_all();
  key.advance(29);
  const std::uint64_t passed = key.done();
  EXPECT_GE(passed, 100U * (kVirtualPartitions - 1));
  EXPECT_LT(passed, 110U * kVirtualPartitions + kChunk) << "then it takes no more";
  EXPECT_EQ(key.told("no more is taken"), 1U);
  EXPECT_EQ(key.told("virtual partition 0, which stands at offset 0 ("), 1U);
  key.advance(2);
  EXPECT_EQ(key.done(), static_cast<std::uint64_t>(kMessages)) << "it goes on afterwards";
  EXPECT_EQ(key.world.position(), kMessages);
  EXPECT_EQ(key.told("goes on after"), 1U);
}

}  // namespace
}  // namespace braid::engine
