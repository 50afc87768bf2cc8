// A virtual partition whose queue is full holds its partition, and that is said.

#include "unit/engine/listener/recovery_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

class FullQueue : public test_support::RecoveryTest {
 protected:
  // The one virtual partition's queue has room for ten messages, and its job fails until it is mended.
  void make_stuck() {
    make(
        [this](Batch&) {
          if (!mended) throw std::runtime_error("not now");
        },
        [](routing::Topic& topic) {
          topic.max_queued = 10;
          topic.max_messages = 5;
          topic.retries = {.max = unlimited, .backoff = fixed(100ms)};
        });
  }
  void look() { world().the().runner->tidy(world().now); }
  [[nodiscard]] std::size_t told(const std::string& part) {
    const auto lines = world().warnings();
    return static_cast<std::size_t>(std::ranges::count_if(
        lines, [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }
  bool mended = false;
};

INSTANTIATE_TEST_SUITE_P(Flow, FullQueue, testing::Values(routing::Flow::continuous));

TEST_P(FullQueue, IsToldWithItsKeyAndSinceWhenAndWhenItIsOver) {
  make_stuck();
  process(0, 19);
  look();
  EXPECT_EQ(told("no more is taken"), 0U) << "it may be over in a moment";
  world().advance(2s);
  look();
  ASSERT_EQ(told("no more is taken since 2 s ago"), 1U);
  EXPECT_EQ(told("virtual partition 0, which stands at offset 0 ("), 1U);
  world().advance(58s);
  look();
  EXPECT_EQ(told("no more is taken"), 1U) << "once a minute";
  world().advance(2s);
  look();
  EXPECT_EQ(told("no more is taken since 62 s ago"), 1U);
  mended = true;
  world().advance(100ms);
  run();
  look();
  EXPECT_EQ(told("goes on after 62 s"), 1U);
  look();
  EXPECT_EQ(told("goes on after"), 1U);
}

TEST_P(FullQueue, WhatIsNeverFullIsNeverTold) {
  make_stuck();
  process(0, 4);
  for (int i = 0; i < 5; ++i) {
    look();
    world().advance(30s);
  }
  EXPECT_EQ(told("no more is taken"), 0U);
  EXPECT_EQ(told("goes on after"), 0U);
}

}  // namespace
}  // namespace braid::engine
