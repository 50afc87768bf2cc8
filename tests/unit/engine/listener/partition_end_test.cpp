// The end of a partition, as its client tells it once.

#include "unit/engine/listener/commit_world.hpp"

#include <gtest/gtest.h>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using When = routing::Commit::When;

TEST(PartitionEnd, BehindMessagesThatAreHeldBackItWaitsWithThem) {
  constexpr std::uint32_t kWindow = 4;
  CommitWorld world({.when = When::interval}, routing::Flow::continuous, 1,
                    [](routing::Topic& topic) { topic.max_window = kWindow; });
  world.queue.end = 10;  // 8 and 9 are markers, which nobody is given
  world.deliver(0, 7);
  world.advance(1000ms);
  EXPECT_TRUE(world.store.sent.empty());
  world.run();  // 0 to 3, and the others are admitted
  world.run();
  EXPECT_EQ(world.consumed.size(), 8U);
  world.advance(1000ms);
  EXPECT_EQ(world.store.sent.back().second, 10);
}

}  // namespace
}  // namespace braid::engine
