// An offset store of the user's whose answer comes when the partition has moved on.

#include "mock/application/application_test.hpp"

#include <braid/offset_store.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace braid::application_test {
namespace {

using When = routing::Commit::When;

// Keeps its first save waiting, and refuses it then: a transaction was not committed, it says.
class LateStore final : public OffsetStore {
 public:
  Result<std::vector<Stored>> open(const std::string& group, std::span<const Partition> partitions) override {
    return kept_.open(group, partitions);
  }
  Result<void> save(const std::string& group, std::span<const Position> positions) override {
    if (holds_.exchange(true)) return kept_.save(group, positions);
    released_.get_future().wait_for(std::chrono::seconds(30));
    return not_committed(positions.front(), OffsetRange{{0}, {0}});
  }
  [[nodiscard]] bool holds() const { return holds_; }
  void release() { released_.set_value(); }
  [[nodiscard]] InMemoryOffsetStore& kept() { return kept_; }

 private:
  InMemoryOffsetStore kept_;
  std::atomic<bool> holds_{false};
  std::promise<void> released_;
};

class LateAnswer : public ApplicationTest {
 protected:
  [[nodiscard]] std::int64_t times(std::int64_t offset) const {
    const auto seen = recorder->seen();
    return std::ranges::count(seen, offset, &Seen::offset);
  }
};

// The consumer has sent the partition elsewhere meanwhile. What is missing of the former generation is not missing
// of this one, which would lose where it was sent to.
TEST_F(LateAnswer, ARefusalOfAnEarlierGenerationDoesNotUndoASeek) {
  make_topic("orders");
  const auto store = std::make_shared<LateStore>();
  std::atomic<bool> sought{false};
  recorder->script = [&](Batch& batch) {
    if (batch.back().offset() < Offset{10} || sought.exchange(true)) return;
    batch.control().seek(SeekTarget::offset(Offset{5}));
  };
  Application app(settings(), route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
                    topic.commit({.when = When::external, .interval = std::chrono::milliseconds(20)});
                    topic.offset_store(store);
                  }));
  app.start();
  produce("orders", 10);
  ASSERT_TRUE(eventually([&] { return store->holds() && recorder->distinct() == 10; }));
  produce("orders", 10);
  ASSERT_TRUE(eventually([&] { return times(5) == 2; })) << log.text();
  store->release();
  const OffsetStore::Partition here{"orders", {0}};
  EXPECT_TRUE(eventually([&] { return store->kept().position("g", here) == CommitPosition{20}; })) << log.text();
  app.stop();
  EXPECT_EQ(times(0), 1);
  EXPECT_EQ(times(4), 1);
  EXPECT_EQ(times(5), 2);
  EXPECT_GE(times(19), 1);
}

}  // namespace
}  // namespace braid::application_test
