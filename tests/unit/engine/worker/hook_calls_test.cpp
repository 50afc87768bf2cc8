#include "engine/worker/hook_calls.hpp"

#include "engine/listener/dispatcher.hpp"
#include "engine/worker/describe_failure.hpp"
#include "engine/worker/farewell_round.hpp"
#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {
namespace {

using core::HookKind;
using test_support::EngineWorld;
using test_support::SteppedPool;

class HookCallsTest : public testing::Test {
 protected:
  HookCallsTest() {
    world_.script.tick = [this](const VirtualPartition& where) { note("tick", where); };
    world_.script.end_of_partition = [this](const VirtualPartition& where) { note("end", where); };
    world_.script.revoked = [this](const VirtualPartition& where) { note("revoked", where); };
    const BatchPtr batch = world_.batch(pool_, 0, 3);  // an object for each virtual partition
    batch->start();
    pool_->run_all();
    while (const auto mail = world_.mailbox->take()) Mailbox::settle(*mail);
    calls_ = std::make_shared<HookCalls>(world_.assignment, world_.bell);
  }
  ~HookCallsTest() override { dispatcher_.reset(); }
  void note(const std::string& what, const VirtualPartition& where) {
    told_.push_back(what + " " + std::to_string(where.index().value));
  }

  EngineWorld world_{4};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  std::optional<Dispatcher> dispatcher_{std::in_place, pool_, world_.bell};
  std::shared_ptr<HookCalls> calls_;
  std::vector<std::string> told_;
};

TEST_F(HookCallsTest, AHookIsAJobOfThePartitionUntilItHasReturned) {
  calls_->send(*dispatcher_, {2}, HookKind::tick);
  EXPECT_EQ(world_.jobs->inside(), 1U);
  EXPECT_FALSE(calls_->take_returned());
  const auto rung = world_.bell->rung();
  pool_->run_all();
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_GT(world_.bell->rung(), rung);
  EXPECT_EQ(told_, std::vector<std::string>{"tick 2"});
  const auto returned = calls_->take_returned();
  ASSERT_TRUE(returned);
  EXPECT_EQ(returned->index.value, 2U);
  EXPECT_EQ(returned->kind, HookKind::tick);
  EXPECT_EQ(returned->failure, nullptr);
  EXPECT_FALSE(calls_->take_returned());
}

TEST_F(HookCallsTest, WhatItThrewComesBackOnce) {
  world_.script.tick = [](const VirtualPartition&) { throw std::runtime_error("no database"); };
  calls_->send(*dispatcher_, {1}, HookKind::tick);
  pool_->run_all();
  EXPECT_EQ(describe_failure(calls_->take_returned()->failure), "std::runtime_error: no database");
  calls_->send(*dispatcher_, {1}, HookKind::end_of_partition);
  pool_->run_all();
  EXPECT_EQ(calls_->take_returned()->failure, nullptr);
  EXPECT_EQ(told_, std::vector<std::string>{"end 1"});
}

TEST_F(HookCallsTest, SeveralComeBackEach) {
  for (const std::uint32_t index : {0U, 1U, 3U}) calls_->send(*dispatcher_, {index}, HookKind::tick);
  EXPECT_EQ(world_.jobs->inside(), 3U);
  pool_->run_one();
  EXPECT_TRUE(calls_->take_returned());
  EXPECT_FALSE(calls_->take_returned());
  pool_->run_all();
  EXPECT_TRUE(calls_->take_returned());
  EXPECT_TRUE(calls_->take_returned());
  EXPECT_FALSE(calls_->take_returned());
}

TEST_F(HookCallsTest, OneThatWaitsWhenItsAssignmentIsForgottenIsNeverCalled) {
  pool_->room = 0;
  calls_->send(*dispatcher_, {0}, HookKind::tick);
  EXPECT_TRUE(dispatcher_->holds_of(*world_.assignment));
  dispatcher_->forget(*world_.assignment);
  EXPECT_TRUE(world_.jobs->idle());
  pool_->room = 10;
  dispatcher_->feed();
  pool_->run_all();
  EXPECT_TRUE(told_.empty());
}

TEST_F(HookCallsTest, AFarewellThatWaitsIsNotForgotten) {
  pool_->room = 0;
  world_.assignment->move_to(Assignment::Phase::ending);
  calls_->send(*dispatcher_, {0}, HookKind::tick);
  std::make_shared<FarewellRound>(world_.assignment, FarewellKind::revoked)->send(*dispatcher_);
  dispatcher_->forget(*world_.assignment);
  EXPECT_EQ(world_.jobs->inside(), 4U);
  pool_->room = 10;
  dispatcher_->feed();
  pool_->run_all();
  EXPECT_EQ(told_.size(), 4U);
  EXPECT_TRUE(world_.jobs->idle());
}

TEST_F(HookCallsTest, OneThatIsInThePoolWhenTheAssignmentEndsCallsNothing) {
  calls_->send(*dispatcher_, {0}, HookKind::tick);
  world_.assignment->move_to(Assignment::Phase::ending);
  pool_->run_all();
  EXPECT_TRUE(told_.empty());
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_TRUE(calls_->take_returned());
}

TEST_F(HookCallsTest, TheyLiveUntilTheLastHasRun) {
  const std::weak_ptr<HookCalls> watched = calls_;
  calls_->send(*dispatcher_, {0}, HookKind::tick);
  calls_.reset();
  EXPECT_FALSE(watched.expired());
  pool_->run_all();
  EXPECT_TRUE(watched.expired());
}

TEST_F(HookCallsTest, WithItsDispatcherGoesWhatWaits) {
  const std::weak_ptr<HookCalls> watched = calls_;
  pool_->room = 0;
  calls_->send(*dispatcher_, {0}, HookKind::tick);
  calls_.reset();
  dispatcher_.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(world_.jobs->idle());
}

TEST_F(HookCallsTest, NoCapHoldsThemBack) {
  const auto cap = std::make_shared<JobCap>(1);
  ASSERT_TRUE(cap->try_take());  // another connection's job
  world_.assignment->caps() = JobCaps(cap, nullptr);
  const BatchPtr batch = world_.batch(pool_, 4, 4);
  dispatcher_->send(batch->shares()[0]);
  EXPECT_EQ(pool_->size(), 0U);
  calls_->send(*dispatcher_, {1}, HookKind::tick);
  EXPECT_EQ(pool_->size(), 1U);
  pool_->run_all();
  EXPECT_EQ(told_, std::vector<std::string>{"tick 1"});
  EXPECT_EQ(cap->out(), 1U);
  dispatcher_->forget(*world_.assignment);
}

// While hooks start on a worker, the listener ends the assignment: the object must never be in two hands, and hears
// exactly one farewell.
TEST(HookCalls, NeverRunBesideAFarewell) {
  auto pool = std::make_shared<WorkerPool>(2, "test-w-");
  pool->start();
  int ticked = 0;
  for (int round = 0; round < 3000; ++round) {
    EngineWorld world(1);
    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};
    std::atomic<int> ticks{0};
    std::atomic<int> farewells{0};
    std::atomic<bool> entered{false};
    const auto visit = [&](std::atomic<int>& count) {
      entered = true;
      if (inside.fetch_add(1) != 0) overlaps.fetch_add(1);
      std::this_thread::yield();
      inside.fetch_sub(1);
      count.fetch_add(1);
    };
    world.script.tick = [&](const VirtualPartition&) { visit(ticks); };
    world.script.revoked = [&](const VirtualPartition&) { visit(farewells); };
    {
      const BatchPtr first = world.batch(pool, 0, 0);
      first->start();
      ASSERT_TRUE(world.next_is(Mail::Kind::batch_settled));
      Dispatcher dispatcher(pool, world.bell);
      const auto calls = std::make_shared<HookCalls>(world.assignment, world.bell);
      calls->send(dispatcher, {0}, HookKind::tick);
      // Every other round meets the hook at work; the others on its way there, each a little later.
      while (round % 2 == 0 && !entered) std::this_thread::yield();
      for (int i = 0; i < round % 200 * 10; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
      world.assignment->move_to(Assignment::Phase::ending);
      std::make_shared<FarewellRound>(world.assignment, FarewellKind::revoked)->send(dispatcher);
      ASSERT_TRUE(world.wait_until_idle());
      ASSERT_TRUE(calls->take_returned()) << "who finds no jobs finds what they left";
    }
    ASSERT_EQ(overlaps, 0) << "in round " << round;
    ASSERT_EQ(farewells, 1) << "in round " << round;
    ASSERT_EQ(world.script.made, world.script.destroyed);
    ticked += ticks;
  }
  EXPECT_GE(ticked, 1500);
  EXPECT_EQ(pool->stop(std::chrono::steady_clock::now() + std::chrono::seconds(30)), 0U);
}

// The listener sends one again as soon as it is back, while its worker is still on the way out.
TEST(HookCalls, OneThatIsBackCanBeSentAgainAtOnce) {
  auto pool = std::make_shared<WorkerPool>(2, "test-w-");
  pool->start();
  constexpr int kTimes = 20'000;
  std::atomic<int> ticks{0};
  EngineWorld world(2);
  world.script.tick = [&](const VirtualPartition&) { ticks.fetch_add(1); };
  {
    const BatchPtr first = world.batch(pool, 0, 1);
    first->start();
    ASSERT_TRUE(world.next_is(Mail::Kind::batch_settled));
    Dispatcher dispatcher(pool, world.bell);
    const auto calls = std::make_shared<HookCalls>(world.assignment, world.bell);
    for (const std::uint32_t index : {0U, 1U}) calls->send(dispatcher, {index}, HookKind::tick);
    for (int sent = 2; sent < kTimes; ++sent) {
      std::optional<HookCalls::Returned> returned;
      ASSERT_TRUE(world.bell->wait([&] {
        dispatcher.feed();
        return (returned = calls->take_returned()).has_value();
      }));
      calls->send(dispatcher, returned->index, HookKind::tick);
    }
    ASSERT_TRUE(world.wait_until_idle());
  }
  EXPECT_EQ(ticks, kTimes);
  EXPECT_EQ(pool->stop(std::chrono::steady_clock::now() + std::chrono::seconds(30)), 0U);
}

}  // namespace
}  // namespace braid::engine
