// `offsets: manual`: those who buffer and flush.

#include "mock/application/application_test.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace braid::application_test {
namespace {

using namespace std::chrono_literals;

class ManualOffsets : public ApplicationTest {
 protected:
  static void manual(routing::TopicBuilder& topic) {
    topic.offsets(Offsets::manual).virtual_partitions({.max_partitions = 1});
  }
};

TEST_F(ManualOffsets, WhatWasBufferedIsCommittedWhenTheLastHookHasFlushedIt) {
  make_topic("orders");
  produce("orders", 20, 3);
  std::atomic<std::int64_t> highest{-1};
  recorder->script = [&](Batch& batch) {
    highest = batch.back().offset().value;
    if (batch.front().offset().value <= 4 && batch.back().offset().value >= 4) batch.mark(Offset{4});
  };
  recorder->in_hook = [&](const std::string& name, const VirtualPartition& where) {
    if (name == "stopping") where.mark(Offset{highest});
  };
  Application app(settings(), route("g", "orders", recorder, manual));
  app.start();
  ASSERT_TRUE(all_seen(20));
  EXPECT_TRUE(eventually([&] { return committed("g", "orders", 1) == std::vector<std::int64_t>{5}; }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{20});
}

TEST_F(ManualOffsets, WhatWasNeverMarkedIsProcessedAgain) {
  make_topic("orders");
  produce("orders", 12, 3);
  recorder->script = [](Batch& batch) {
    if (batch.back().offset().value >= 7) batch.mark(Offset{7});
  };
  {
    Application app(settings(), route("g", "orders", recorder, manual));
    app.start();
    ASSERT_TRUE(all_seen(12));
    app.stop();
  }
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{8});
  auto again = std::make_shared<Recorder>();
  Application app(settings(), route("g", "orders", again, manual));
  app.start();
  EXPECT_TRUE(eventually([&] { return again->distinct() >= 4; }));
  app.stop();
  ASSERT_EQ(again->distinct(), 4U);
  EXPECT_EQ(again->seen().front().offset, 8);
}

}  // namespace
}  // namespace braid::application_test
