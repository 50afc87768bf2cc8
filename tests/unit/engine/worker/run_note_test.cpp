#include "engine/listener/sight.hpp"
#include "engine/threads/thread_name.hpp"
#include "unit/engine/engine_world.hpp"

#include <braid/ticket.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <stdexcept>

namespace braid::test_support {
namespace {

using namespace std::chrono_literals;
using engine::RunNote;
using engine::WorkSight;

class RunNoteTest : public ::testing::Test {
 protected:
  RunNoteTest() {
    world.recovery->now = [this] { return now; };
  }
  [[nodiscard]] std::optional<RunNote::Running> read() { return world.assignment->slot({0}).note().read(); }
  // What there is to see of the batch's only share.
  [[nodiscard]] std::optional<WorkSight> see(engine::RunningBatch& batch) {
    return engine::see_share(*world.assignment, batch.shares()[0], std::nullopt, false);
  }

  EngineWorld world{1};
  engine::Time now{100s};
  std::shared_ptr<SteppedPool> pool = std::make_shared<SteppedPool>();
};

TEST_F(RunNoteTest, TellsOfAShareWhileItRunsAndOfNothingElse) {
  std::optional<RunNote::Running> within;
  world.script.consume = [&](Batch&) { within = read(); };
  const auto batch = world.batch(pool, 5, 9);
  EXPECT_FALSE(read());
  ASSERT_TRUE(see(*batch));
  EXPECT_EQ(see(*batch)->state, WorkSight::State::queued);
  batch->start();
  pool->run_all();
  ASSERT_TRUE(within);
  EXPECT_EQ(within->what, RunNote::What::share);
  EXPECT_EQ(within->since, engine::Time(100s));
  EXPECT_EQ(within->first, Offset{5});
  EXPECT_EQ(within->last, Offset{9});
  EXPECT_EQ(within->thread, engine::thread_number());
  EXPECT_FALSE(read());
  EXPECT_FALSE(see(*batch)) << "it is done";
}

TEST_F(RunNoteTest, TellsOfWhatIsLeftInAnotherAttempt) {
  std::optional<RunNote::Running> within;
  int attempts = 0;
  world.script.consume = [&](Batch& shares) {
    within = read();
    if (++attempts > 1) return;
    shares.mark(shares[1]);
    throw std::runtime_error("once");
  };
  const auto batch = world.batch(pool, 5, 9);
  batch->start();
  pool->run_all();
  EXPECT_FALSE(read());
  const auto waits = engine::see_share(*world.assignment, batch->shares()[0], now + 1500ms, false);
  ASSERT_TRUE(waits);
  EXPECT_EQ(waits->state, WorkSight::State::retry);
  EXPECT_EQ(engine::describe_work(*waits, now),
            "virtual partition 0 is tried again in 1.5 s: offsets 7 to 9 (3 messages)");
  now += 10s;
  batch->shares()[0].begin_next_attempt();
  ASSERT_TRUE(batch->submit(batch->shares()[0]));
  pool->run_all();
  ASSERT_TRUE(within);
  EXPECT_EQ(within->first, Offset{7});
  EXPECT_EQ(within->since, engine::Time(110s));
}

TEST_F(RunNoteTest, WhatIsDeferredRunsOnNoThreadUntilItIsSettled) {
  std::optional<Ticket> ticket;
  world.script.consume = [&](Batch& shares) { ticket = shares.defer(); };
  const auto batch = world.batch(pool, 5, 9);
  batch->start();
  pool->run_all();
  ASSERT_TRUE(read());
  EXPECT_EQ(read()->thread, 0);
  EXPECT_EQ(see(*batch)->state, WorkSight::State::ticket);
  now += 2s;
  EXPECT_EQ(engine::describe_work(*see(*batch), now),
            "virtual partition 0 has deferred its work, unsettled since 2.0 s: offsets 5 to 9 (5 messages)");
  ticket->done();
  EXPECT_FALSE(read());
}

TEST_F(RunNoteTest, TellsOfHooksAndOfTheLastOne) {
  std::optional<RunNote::Running> tick;
  std::optional<RunNote::Running> last;
  world.script.tick = [&](const VirtualPartition&) { tick = read(); };
  world.script.stopping = [&](const VirtualPartition&) { last = read(); };
  world.script.consume = [&](Batch&) {
    world.assignment->move_to(engine::Assignment::Phase::ending);
    EXPECT_TRUE(world.assignment->slot({0}).defer_farewell(engine::FarewellKind::stopping));
  };
  auto& slot = world.assignment->slot({0});
  EXPECT_FALSE(slot.hook(*world.assignment, core::HookKind::tick));
  EXPECT_FALSE(tick) << "there is no object yet";
  const auto batch = world.batch(pool, 0, 0);
  batch->start();
  pool->run_all();
  ASSERT_TRUE(last) << "the farewell is said by the job that ran";
  EXPECT_EQ(last->what, RunNote::What::farewell);
  EXPECT_FALSE(read());
}

}  // namespace
}  // namespace braid::test_support
