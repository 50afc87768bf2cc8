#include "engine/worker/consumer_slot.hpp"

#include "engine/listener/dispatcher.hpp"
#include "engine/worker/describe_failure.hpp"
#include "engine/worker/farewell_round.hpp"
#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;

class ConsumerSlotTest : public testing::Test {
 protected:
  ConsumerSlotTest() {
    world_.script.revoked = [this](const VirtualPartition&) { told_.emplace_back("revoked"); };
    world_.script.stopping = [this](const VirtualPartition&) { told_.emplace_back("stopping"); };
  }
  ConsumerSlot::Attempt attempt() { return slot().run(*world_.assignment, share()); }
  ConsumerSlot& slot() { return world_.assignment->slot({0}); }
  Share& share() { return batch_->shares()[0]; }

  EngineWorld world_{1};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  BatchPtr batch_ = world_.batch(pool_, 10, 14);
  std::vector<std::string> told_;
};

TEST_F(ConsumerSlotTest, MakesTheObjectAtTheFirstShareAndKeepsIt) {
  EXPECT_EQ(world_.script.made, 0);
  EXPECT_FALSE(slot().occupied());
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_TRUE(slot().occupied());
  const BatchPtr next = world_.batch(pool_, 15, 19);
  EXPECT_EQ(slot().run(*world_.assignment, next->shares()[0]).failure, nullptr);
  EXPECT_EQ(world_.script.made, 1);
  EXPECT_EQ(world_.script.destroyed, 0);
}

TEST_F(ConsumerSlotTest, ReturningMarksAll) {
  const auto attempt = this->attempt();
  EXPECT_TRUE(attempt.started);
  EXPECT_EQ(attempt.failure, nullptr);
  EXPECT_EQ(share().marked(), 5U);
}

TEST_F(ConsumerSlotTest, AFactoryThatThrowsIsAFailedAttempt) {
  int calls = 0;
  const auto works = world_.topic().consumer;
  world_.topic().consumer = [&]() -> std::unique_ptr<Consumer> {
    if (++calls == 1) throw std::runtime_error("no database");
    return works();
  };
  EXPECT_EQ(describe_failure(attempt().failure), "std::runtime_error: no database");
  EXPECT_FALSE(slot().occupied());
  EXPECT_EQ(share().marked(), 0U);
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(calls, 2);
}

TEST_F(ConsumerSlotTest, AFactoryThatMakesNothingIsAFailedAttempt) {
  world_.topic().consumer = [] { return std::unique_ptr<Consumer>(); };
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(share().marked(), 0U);
}

TEST_F(ConsumerSlotTest, AnObjectWhoseFirstHookThrowsIsMadeAnew) {
  int calls = 0;
  world_.script.assigned = [&](const VirtualPartition&) {
    if (++calls == 1) throw std::runtime_error("not ready");
  };
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(world_.script.made, 1);
  EXPECT_EQ(world_.script.destroyed, 1);
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(world_.script.made, 2);
  EXPECT_EQ(calls, 2);
}

TEST_F(ConsumerSlotTest, AnObjectThatFailedServesTheNextAttempt) {
  bool fail = true;
  world_.script.consume = [&](Batch&) {
    if (std::exchange(fail, false)) throw std::runtime_error("once");
  };
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(world_.script.made, 1);
}

struct NoException {};

TEST_F(ConsumerSlotTest, WhateverIsThrownIsCaught) {
  world_.script.consume = [](Batch&) { throw 42; };
  EXPECT_EQ(describe_failure(attempt().failure), "something of type int");
  world_.script.consume = [](Batch&) { throw NoException{}; };
  EXPECT_NE(describe_failure(attempt().failure).find("NoException"), std::string::npos);
  world_.script.consume = [](Batch&) { throw std::string("text"); };
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(describe_failure(nullptr), "nothing");
}

TEST_F(ConsumerSlotTest, TheNextAttemptStartsBehindWhatWasMarked) {
  world_.script.consume = [](Batch& batch) {
    batch.mark(batch[1]);
    throw std::runtime_error("at the third");
  };
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(share().marked(), 2U);
  std::vector<std::int64_t> seen;
  world_.script.consume = [&](Batch& batch) {
    for (const Message& message : batch) seen.push_back(message.offset().value);
  };
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{12, 13, 14}));
}

// A batch is never empty, so nothing is left to call for.
TEST_F(ConsumerSlotTest, AnAttemptThatMarkedEverythingBeforeItThrewIsNotRepeated) {
  int calls = 0;
  world_.script.consume = [&](Batch& batch) {
    ++calls;
    batch.mark(batch.back());
    throw std::runtime_error("too late");
  };
  EXPECT_NE(attempt().failure, nullptr);
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(calls, 1);
}

TEST_F(ConsumerSlotTest, AttemptsCountForTheFirstUnfinishedMessage) {
  std::vector<std::uint32_t> attempts;
  bool mark = false;
  world_.script.consume = [&](Batch& batch) {
    attempts.push_back(batch.attempt());
    EXPECT_EQ(batch.retrying(), batch.attempt() > 1);
    if (mark) batch.mark(batch.front());
    throw std::runtime_error("again");
  };
  for (int i = 0; i < 5; ++i) {
    mark = i == 2;
    attempt();
    share().begin_next_attempt();
  }
  EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 2, 3, 1, 2}));
}

TEST_F(ConsumerSlotTest, OnlyMessagesOfTheBatchCanBeMarked) {
  const auto stray = world_.owner->message(99);
  world_.script.consume = [&](Batch& batch) { batch.mark(stray); };
  EXPECT_EQ(describe_failure(attempt().failure).rfind("std::invalid_argument", 0), 0U);
  EXPECT_EQ(share().marked(), 0U);
}

// Another virtual partition's message may lie between two of this one's.
TEST_F(ConsumerSlotTest, AMessageOfAnotherShareCanNotBeMarked) {
  EngineWorld world(2);
  const BatchPtr batch = world.batch(pool_, 10, 15);  // 10, 12, 14 and 11, 13, 15
  world.script.consume = [&](Batch& share) { share.mark(world.owner->message(13)); };
  EXPECT_NE(world.assignment->slot({0}).run(*world.assignment, batch->shares()[0]).failure, nullptr);
  EXPECT_EQ(batch->shares()[0].marked(), 0U);
}

TEST_F(ConsumerSlotTest, AnAssignmentThatHasEndedStartsNothing) {
  world_.assignment->move_to(Assignment::Phase::ending);
  const auto attempt = this->attempt();
  EXPECT_FALSE(attempt.started);
  EXPECT_EQ(world_.script.made, 0);
  EXPECT_EQ(share().marked(), 0U);
}

TEST_F(ConsumerSlotTest, ConsumersSeeTheirAssignmentEnd) {
  world_.script.consume = [&](Batch& batch) {
    EXPECT_EQ(batch.topic(), "events");
    EXPECT_EQ(batch.virtual_partition().index(), VirtualPartitionIndex{0});
    EXPECT_EQ(batch.virtual_partition().generation(), Generation{1});
    EXPECT_FALSE(batch.revoked());
    world_.assignment->move_to(Assignment::Phase::ending);
    EXPECT_TRUE(batch.revoked());
    EXPECT_FALSE(batch.lost());
    world_.assignment->move_to(Assignment::Phase::over);
    EXPECT_TRUE(batch.lost());
  };
  EXPECT_EQ(attempt().failure, nullptr);
}

// --- farewell

TEST_F(ConsumerSlotTest, SaysFarewellOnceAndEndsTheObject) {
  attempt();
  EXPECT_FALSE(slot().defer_farewell(FarewellKind::revoked));
  EXPECT_EQ(slot().farewell(FarewellKind::revoked), nullptr);
  EXPECT_EQ(slot().farewell(FarewellKind::revoked), nullptr);
  EXPECT_EQ(told_, std::vector<std::string>{"revoked"});
  EXPECT_EQ(world_.script.destroyed, 1);
  EXPECT_FALSE(slot().occupied());
}

TEST_F(ConsumerSlotTest, SaysNoFarewellWhereThereIsNoObject) {
  EXPECT_EQ(slot().farewell(FarewellKind::stopping), nullptr);
  EXPECT_TRUE(told_.empty());
}

TEST_F(ConsumerSlotTest, AFarewellThatThrowsEndsTheObjectAllTheSame) {
  world_.script.stopping = [](const VirtualPartition&) { throw 1; };
  attempt();
  EXPECT_NE(slot().farewell(FarewellKind::stopping), nullptr);
  EXPECT_EQ(world_.script.destroyed, 1);
}

TEST_F(ConsumerSlotTest, TheShareThatRunsSaysTheFarewellAsTheLastThing) {
  world_.script.consume = [&](Batch&) {
    world_.assignment->move_to(Assignment::Phase::ending);
    EXPECT_TRUE(slot().defer_farewell(FarewellKind::stopping));
    EXPECT_FALSE(slot().defer_farewell(FarewellKind::stopping)) << "asked for once";
    told_.emplace_back("consumed");
  };
  EXPECT_EQ(attempt().failure, nullptr);
  EXPECT_EQ(told_, (std::vector<std::string>{"consumed", "stopping"}));
  EXPECT_EQ(world_.script.destroyed, 1);
  EXPECT_EQ(share().marked(), 5U);
}

TEST_F(ConsumerSlotTest, WhatADeferredFarewellThrewIsKept) {
  world_.script.revoked = [](const VirtualPartition&) { throw std::runtime_error("could not flush"); };
  world_.script.consume = [&](Batch&) {
    world_.assignment->move_to(Assignment::Phase::ending);
    slot().defer_farewell(FarewellKind::revoked);
  };
  EXPECT_EQ(attempt().failure, nullptr) << "the share itself is done";
  EXPECT_EQ(describe_failure(slot().deferred_failure()), "std::runtime_error: could not flush");
}

TEST_F(ConsumerSlotTest, CallsAHookOfTheObjectThereIs) {
  world_.script.tick = [this](const VirtualPartition& where) {
    told_.push_back("tick " + std::to_string(where.index().value));
  };
  world_.script.end_of_partition = [this](const VirtualPartition&) { told_.emplace_back("end"); };
  EXPECT_EQ(slot().hook(*world_.assignment, core::HookKind::tick), nullptr);
  EXPECT_TRUE(told_.empty()) << "there is none";
  attempt();
  EXPECT_EQ(slot().hook(*world_.assignment, core::HookKind::tick), nullptr);
  EXPECT_EQ(slot().hook(*world_.assignment, core::HookKind::end_of_partition), nullptr);
  EXPECT_EQ(told_, (std::vector<std::string>{"tick 0", "end"}));
}

TEST_F(ConsumerSlotTest, WhatAHookThrowsIsCaughtAndTheObjectStays) {
  world_.script.tick = [](const VirtualPartition&) { throw 42; };
  attempt();
  EXPECT_EQ(describe_failure(slot().hook(*world_.assignment, core::HookKind::tick)), "something of type int");
  EXPECT_EQ(world_.script.destroyed, 0);
  EXPECT_FALSE(slot().defer_farewell(FarewellKind::revoked)) << "it is free";
}

TEST_F(ConsumerSlotTest, AHookIsNotCalledOnceTheAssignmentIsEnding) {
  world_.script.tick = [this](const VirtualPartition&) { told_.emplace_back("tick"); };
  attempt();
  world_.assignment->move_to(Assignment::Phase::ending);
  EXPECT_EQ(slot().hook(*world_.assignment, core::HookKind::tick), nullptr);
  EXPECT_TRUE(told_.empty());
}

TEST_F(ConsumerSlotTest, AHookThatOverrunsSaysTheFarewellAsTheLastThing) {
  world_.script.tick = [this](const VirtualPartition&) {
    world_.assignment->move_to(Assignment::Phase::ending);
    EXPECT_TRUE(slot().defer_farewell(FarewellKind::revoked));
    told_.emplace_back("tick");
    throw std::runtime_error("too late");
  };
  attempt();
  EXPECT_NE(slot().hook(*world_.assignment, core::HookKind::tick), nullptr);
  EXPECT_EQ(told_, (std::vector<std::string>{"tick", "revoked"}));
  EXPECT_EQ(world_.script.destroyed, 1);
}

TEST(FarewellRound, SaysFarewellToEachObjectThereIs) {
  EngineWorld world(4);
  int told = 0;
  world.script.stopping = [&](const VirtualPartition& where) {
    ++told;
    if (where.index().value == 2) throw std::runtime_error("flush");
  };
  auto pool = std::make_shared<SteppedPool>();
  const BatchPtr batch = world.batch(pool, 1, 2);  // virtual partitions 1 and 2
  batch->start();
  pool->run_all();
  Dispatcher dispatcher(pool, world.bell);
  world.assignment->move_to(Assignment::Phase::ending);
  auto round = std::make_shared<FarewellRound>(world.assignment, FarewellKind::stopping);
  round->send(dispatcher);
  EXPECT_EQ(world.jobs->inside(), 2U);
  pool->run_all();
  EXPECT_TRUE(world.jobs->idle());
  EXPECT_EQ(told, 2);
  ASSERT_EQ(round->failures().size(), 1U);
  EXPECT_EQ(describe_failure(round->failures()[0]), "std::runtime_error: flush");
  EXPECT_EQ(world.script.destroyed, 2);
}

TEST(FarewellRound, LivesUntilItsLastHookHasRun) {
  EngineWorld world(1);
  auto pool = std::make_shared<SteppedPool>();
  {
    const BatchPtr batch = world.batch(pool, 0, 3);
    batch->start();
    pool->run_all();
  }
  Dispatcher dispatcher(pool, world.bell);
  world.assignment->move_to(Assignment::Phase::over);
  auto round = std::make_shared<FarewellRound>(world.assignment, FarewellKind::revoked);
  const std::weak_ptr<FarewellRound> watched = round;
  round->send(dispatcher);
  round.reset();
  EXPECT_FALSE(watched.expired());
  pool->run_all();
  EXPECT_TRUE(watched.expired());
}

// While shares start on a worker, the listener ends the assignment: the object must never be in two hands, and
// hears exactly one farewell.
TEST(FarewellRound, NeverRunsBesideAShare) {
  auto pool = std::make_shared<WorkerPool>(2, "test-w-");
  pool->start();
  for (int round = 0; round < 3000; ++round) {
    EngineWorld world(1);
    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};
    std::atomic<int> farewells{0};
    const auto visit = [&] {
      if (inside.fetch_add(1) != 0) overlaps.fetch_add(1);
      std::this_thread::yield();
      inside.fetch_sub(1);
    };
    world.script.consume = [&](Batch&) { visit(); };
    world.script.revoked = [&](const VirtualPartition&) {
      visit();
      farewells.fetch_add(1);
    };
    {
      // One share that makes the object, and one behind it that the end of the assignment meets.
      const BatchPtr first = world.batch(pool, 0, 0);
      const BatchPtr second = world.batch(pool, 1, 1);
      ASSERT_TRUE(first->arm(*second));
      first->start();
      ASSERT_TRUE(world.next_is(Mail::Kind::batch_settled));
      Dispatcher dispatcher(pool, world.bell);
      // Each round meets the share a little later.
      for (int i = 0; i < round % 200; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
      world.assignment->move_to(Assignment::Phase::ending);
      auto farewell = std::make_shared<FarewellRound>(world.assignment, FarewellKind::revoked);
      farewell->send(dispatcher);
      ASSERT_TRUE(world.wait_until_idle());
    }
    ASSERT_EQ(overlaps, 0) << "in round " << round;
    ASSERT_EQ(farewells, 1) << "in round " << round;
    ASSERT_EQ(world.script.made, world.script.destroyed);
  }
  EXPECT_EQ(pool->stop(std::chrono::steady_clock::now() + std::chrono::seconds(30)), 0U);
}

}  // namespace
}  // namespace braid::engine
