// Filters before the consumer, in both flows: what is skipped is done, what waits keeps its order and is not lost,
// and nobody else waits.

#include "unit/engine/listener/filters_world.hpp"

#include <braid/routing/partition_by.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace braid::engine {
namespace {

using namespace filters_test;

// --- what is skipped

TEST_P(PartitionFiltersTest, WhatIsSkippedIsDoneAndFreed) {
  skip_odd_ones();
  make({asking()});
  world().deliver(0, 19);
  run_all();
  EXPECT_EQ(consumed(), (Numbers{0, 2, 4, 6, 8, 10, 12, 14, 16, 18}));
  EXPECT_EQ(position(), 20);
  EXPECT_EQ(filtered(), 10U);
  EXPECT_EQ(world().world.counters->messages_done.load(), 10U);
  EXPECT_TRUE(world().world.owner->released_once(0, 19));
}

TEST_P(PartitionFiltersTest, APartitionOfWhichAllIsSkippedIsCommitted) {
  say = [](const Message&, const FilterTime&) { return Verdict::skip(); };
  for (const When when : {When::interval, When::after_batch, When::before_processing, When::each_message}) {
    if (when == When::before_processing && GetParam() == routing::Flow::continuous) continue;
    if (when == When::each_message && GetParam() == routing::Flow::batch) continue;
    make({asking()}, {.when = when});
    world().deliver(0, 99);
    world().advance(1000ms);
    ASSERT_FALSE(world().store.sent.empty());
    EXPECT_EQ(world().store.sent.back().second, 100);
    EXPECT_EQ(world().consumed, Numbers{});
    EXPECT_TRUE(world().world.owner->released_once(0, 99));
  }
}

TEST_P(PartitionFiltersTest, WhatIsSkippedHoldsNoCommitThatIsWaitedFor) {
  skip_odd_ones();
  const bool batch = GetParam() == routing::Flow::batch;
  make({asking()}, {.when = batch ? When::after_batch : When::each_message, .sync = true});
  world().deliver(0, 19);
  for (int i = 0; i < 40 && world().consumed.size() < 10; ++i) {
    world().run();
    if (!world().store.sent.empty()) world().answer();
  }
  EXPECT_EQ(world().consumed, (Numbers{0, 2, 4, 6, 8, 10, 12, 14, 16, 18}));
  EXPECT_EQ(position(), 20);
}

TEST_P(PartitionFiltersTest, WhatIsSkippedNeedsNoMark) {
  skip_odd_ones();
  make({asking()}, {}, 1, [](routing::Topic& topic) { topic.offsets = routing::Offsets::manual; });
  world().in_consume = [](Batch& batch, const Message& message) {
    if (message.offset().value == 6) batch.mark(message);
  };
  world().deliver(0, 9);
  run_all();
  EXPECT_EQ(position(), 8) << "6 is marked, 7 is skipped, 8 is neither";
}

TEST_P(PartitionFiltersTest, AGapStaysOpenBelowWhatIsSkipped) {
  skip_odd_ones();
  make({asking()});
  world().deliver(0, 3);
  EXPECT_EQ(position(), 0) << "0 and 2 have not run";
  run_all();
  EXPECT_EQ(position(), 4);
}

// --- what waits

TEST_P(PartitionFiltersTest, AThrottleLetsSoManyGoInOrderAndLosesNone) {
  make({throttle(2, 1s)});
  world().deliver(0, 9);
  run_all();
  EXPECT_EQ(world().consumed, (Numbers{0, 1}));
  for (std::int64_t last = 2; last <= 9; ++last) {
    ASSERT_EQ(wakes_at(), world().now + 500ms);
    world().advance(499ms);
    run_all();
    EXPECT_EQ(world().consumed, from_to(0, last - 1));
    EXPECT_EQ(position(), last) << "and not beyond what waits";
    world().advance(1ms);
    run_all();
    EXPECT_EQ(world().consumed, from_to(0, last));
  }
  EXPECT_EQ(position(), 10);
  EXPECT_TRUE(world().world.owner->released_once(0, 9));
}

TEST_P(PartitionFiltersTest, WhatIsBehindOneThatWaitsStaysWhereItIs) {
  say = [this](const Message& message, const FilterTime&) {
    return message.offset().value == 0 ? Verdict::wait(world().now + 1h) : Verdict::pass();
  };
  make({asking()});
  world().deliver(0, 5'000);
  for (int i = 0; i < 10; ++i) world().turn();
  EXPECT_GE(world().queue.waiting.size(), 5'001U - PartitionFilters::kTakeMost) << "in the client's queue";
  EXPECT_EQ(world().consumed, Numbers{});
  EXPECT_EQ(wakes_at(), world().now + 1h);
}

TEST_P(PartitionFiltersTest, WhatWaitsAtTheEndIsFreedAndNotDone) {
  say = [this](const Message& message, const FilterTime&) {
    return message.offset().value == 3 ? Verdict::wait(world().now + 1h) : Verdict::pass();
  };
  make({asking()});
  world().deliver(0, 5);
  run_all();
  world().end();
  run_all();
  EXPECT_EQ(world().consumed, (Numbers{0, 1, 2}));
  EXPECT_EQ(position(), 3);
  EXPECT_EQ(world().the().runner->wakes_at(), std::nullopt);
  const auto released = world().world.owner->released();
  ASSERT_TRUE(released.contains(3));
  for (const auto& [offset, times] : released) EXPECT_EQ(times, 1) << offset;
}

TEST_P(PartitionFiltersTest, AMessageThatWaitsForALaterFilterTakesOneTokenAlone) {
  bool open = false;
  say = [&](const Message&, const FilterTime& time) {
    return open ? Verdict::pass() : Verdict::wait(time.now + 1ms);
  };
  make({throttle(3, 1h), asking()});
  world().deliver(0, 9);
  for (int i = 0; i < 20; ++i) world().advance(1ms);
  open = true;
  world().advance(1ms);
  run_all();
  EXPECT_EQ(world().consumed, (Numbers{0, 1, 2}));
}

TEST_P(PartitionFiltersTest, DelayAndExpireGoByTheWallClock) {
  make({delay(5s), expire(60s)});
  world().world.owner->time = world().wall - 3s;
  world().deliver(0, 1);
  run_all();
  EXPECT_EQ(world().consumed, Numbers{});
  EXPECT_EQ(wakes_at(), world().now + 2s);
  world().advance(2s);
  run_all();
  EXPECT_EQ(world().consumed, (Numbers{0, 1}));
  world().advance(60s);
  world().deliver(2, 3);
  run_all();
  EXPECT_EQ(filtered(), 2U) << "they are older than a minute";
  EXPECT_EQ(position(), 4);
}

TEST_P(PartitionFiltersTest, WhatWaitsForLongIsCopiedOut) {
  say = [this](const Message&, const FilterTime&) { return Verdict::wait(world().now + 1h); };
  make({asking()});
  world().deliver(0, 3);
  world().the().runner->tidy(world().now);
  world().advance(1s);
  world().the().runner->tidy(world().now);
  EXPECT_EQ(world().world.owner->detached(), from_to(0, 3));
}

TEST_P(PartitionFiltersTest, TheEndWaitsBehindWhatWaits) {
  say = [this](const Message& message, const FilterTime&) {
    if (message.offset().value == 1) return Verdict::skip();
    return message.offset().value == 2 && world().now < core::Time{} + 2h ? Verdict::wait(core::Time{} + 2h)
                                                                          : Verdict::pass();
  };
  make({asking()});
  world().queue.end = 9;
  world().deliver(0, 2);
  run_all();
  EXPECT_EQ(position(), 2);
  world().advance(1h);
  run_all();
  EXPECT_EQ(position(), 9);
}

// --- what fails

TEST_P(PartitionFiltersTest, OneThatThrowsIsReportedOnceAndLetsAllGoOn) {
  say = [](const Message&, const FilterTime&) -> Verdict { throw std::runtime_error("no rules"); };
  make({asking()});
  world().deliver(0, 3);
  world().deliver(4, 7);
  run_all();
  EXPECT_EQ(world().consumed, from_to(0, 7));
  ASSERT_EQ(world().warnings().size(), 1U);
  EXPECT_EQ(
      world().warnings()[0],
      "events/0: filters threw 4 times, and the messages went on without them; first Asking at offset 0: no rules");
  world().advance(1s);
  world().the().runner->tidy(world().now);
  EXPECT_EQ(world().warnings().size(), 2U) << "those since then, together";
}

TEST_P(PartitionFiltersTest, OneThatCanNotBeMadeIsLeftOut) {
  make({{.name = "Angry", .factory = []() -> std::unique_ptr<Filter> { throw std::runtime_error("no"); }}});
  world().deliver(0, 3);
  run_all();
  EXPECT_EQ(world().consumed, from_to(0, 3));
}

INSTANTIATE_TEST_SUITE_P(BothFlows, PartitionFiltersTest,
                         testing::Values(routing::Flow::batch, routing::Flow::continuous), [](const auto& each) {
                           return each.param == routing::Flow::batch ? "Batch" : "Continuous";
                         });

}  // namespace
}  // namespace braid::engine
