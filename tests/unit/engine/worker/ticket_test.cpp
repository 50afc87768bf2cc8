#include "engine/listener/dispatcher.hpp"
#include "engine/worker/deferral.hpp"
#include "engine/worker/farewell_round.hpp"
#include "unit/engine/engine_world.hpp"
#include "unit/engine/worker/one_batch_fixture.hpp"

#include <braid/ticket.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;
using Kind = Mail::Kind;

// One virtual partition, a batch of the offsets 10 to 14, and a consumer that defers.
class TicketTest : public OneBatchTest {
 protected:
  TicketTest() {
    world_.script.consume = [this](Batch& batch) { ticket_.emplace(batch.defer()); };
    world_.script.revoked = [this](const VirtualPartition& where) {
      told_.emplace_back(where.lost() ? "lost" : "revoked");
    };
    world_.script.stopping = [this](const VirtualPartition&) { told_.emplace_back("stopping"); };
  }

  ConsumerSlot& slot() { return world_.assignment->slot({0}); }

  std::optional<Ticket> ticket_;
  std::vector<std::string> told_;
};

TEST_F(TicketTest, ADeferredShareIsBusyButNoThreadIs) {
  start();
  EXPECT_EQ(pool_->size(), 0U);
  EXPECT_FALSE(world_.mailbox->take());
  EXPECT_FALSE(world_.jobs->idle());
  EXPECT_TRUE(share().waits_for_ticket());
  EXPECT_EQ(share().marked(), 0U);
  EXPECT_EQ(world_.counters->jobs_running, 1U);
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(settled());
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_FALSE(share().waits_for_ticket());
  EXPECT_EQ(share().marked(), 5U);
  EXPECT_EQ(world_.counters->jobs_running, 0U);
}

TEST_F(TicketTest, IsSettledOnce) {
  start();
  EXPECT_FALSE(ticket_->settled());
  EXPECT_TRUE(ticket_->done());
  EXPECT_FALSE(ticket_->done());
  EXPECT_FALSE(ticket_->fail("late"));
  EXPECT_TRUE(ticket_->settled());
  EXPECT_TRUE(settled());
}

TEST_F(TicketTest, AFailedTicketIsAFailedAttempt) {
  start();
  EXPECT_TRUE(ticket_->fail("the server said no"));
  EXPECT_EQ(failure(), "std::runtime_error: the server said no");
  EXPECT_EQ(share().marked(), 0U);
  ASSERT_TRUE(retry());
  EXPECT_TRUE(ticket_->fail(std::make_exception_ptr(std::logic_error("as thrown"))));
  EXPECT_EQ(failure(), "std::logic_error: as thrown");
  ASSERT_TRUE(retry());
  EXPECT_TRUE(ticket_->fail(std::exception_ptr()));
  EXPECT_NE(failure(), "") << "nothing thrown is a failure all the same";
  ASSERT_TRUE(retry());
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(settled());
}

TEST_F(TicketTest, DroppedUnsettledFailsAtOnce) {
  start();
  ticket_.reset();
  EXPECT_EQ(failure(), "std::runtime_error: the ticket was dropped unsettled");
  EXPECT_TRUE(world_.jobs->idle());
}

TEST_F(TicketTest, DroppedWithinTheCallItFailsToo) {
  world_.script.consume = [](Batch& batch) { (void)batch.defer(); };
  start();
  EXPECT_EQ(failure(), "std::runtime_error: the ticket was dropped unsettled");
}

TEST_F(TicketTest, AssigningAnotherOneDropsIt) {
  start();
  Ticket other = std::move(*ticket_);
  EXPECT_TRUE(ticket_->settled()) << "moved from";
  EXPECT_FALSE(ticket_->done());
  EXPECT_EQ(ticket_->size(), 0U);
  EXPECT_FALSE(world_.mailbox->take());
  other = std::move(*ticket_);
  EXPECT_NE(failure(), "");
}

// A library that answers before the call that asks has returned.
TEST_F(TicketTest, SettledWithinTheCallItCountsWhenTheCallReturns) {
  world_.script.consume = [this](Batch& batch) {
    Ticket ticket = batch.defer();
    std::thread([&] { EXPECT_TRUE(ticket.done()); }).join();
    EXPECT_FALSE(world_.jobs->idle());
    EXPECT_EQ(batch.size(), 5U) << "its messages are still there";
    EXPECT_EQ(batch.back().offset(), Offset{14});
  };
  start();
  EXPECT_TRUE(settled());
  EXPECT_EQ(share().marked(), 5U);
  EXPECT_TRUE(world_.jobs->idle());
}

TEST_F(TicketTest, ThrowingBehindDeferIsHowTheAttemptEnded) {
  world_.script.consume = [this](Batch& batch) {
    ticket_.emplace(batch.defer());
    throw std::runtime_error("after all");
  };
  start();
  EXPECT_EQ(failure(), "std::runtime_error: after all");
  EXPECT_EQ(ticket_->size(), 5U) << "whoever has it may still read";
  EXPECT_TRUE(ticket_->settled()) << "inert";
  ticket_->mark(*ticket_->begin());
  EXPECT_EQ(share().marked(), 0U) << "the next attempt is not its own";
  EXPECT_FALSE(ticket_->done());
  EXPECT_EQ(share().marked(), 0U);
}

TEST_F(TicketTest, ThrowingCountsEvenIfTheTicketWasSettled) {
  world_.script.consume = [](Batch& batch) {
    batch.defer().done();
    throw std::runtime_error("after all");
  };
  start();
  EXPECT_EQ(failure(), "std::runtime_error: after all");
  EXPECT_EQ(share().marked(), 0U);
}

TEST_F(TicketTest, ThereIsOneAnAttempt) {
  world_.script.consume = [this](Batch& batch) {
    ticket_.emplace(batch.defer());
    EXPECT_THROW((void)batch.defer(), std::logic_error);
  };
  start();
  ticket_.reset();
  EXPECT_NE(failure(), "");
  ASSERT_TRUE(retry());
  EXPECT_TRUE(ticket_->done()) << "the next attempt has its own";
  EXPECT_TRUE(settled());
}

TEST_F(TicketTest, KeepsTheMessages) {
  start();
  batch_.reset();
  EXPECT_TRUE(world_.owner->released().empty());
  std::vector<std::int64_t> seen;
  for (const Message& message : *ticket_) seen.push_back(message.offset().value);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{10, 11, 12, 13, 14}));
  EXPECT_TRUE(ticket_->done());
  EXPECT_EQ(ticket_->size(), 0U);
  EXPECT_TRUE(settled());
  EXPECT_TRUE(world_.owner->released_once(10, 14)) << "the mail was the last to hold them";
}

TEST_F(TicketTest, WhatItMarkedIsNotTriedAgain) {
  start();
  ticket_->mark(*(ticket_->begin() + 2));
  EXPECT_EQ(share().marked(), 3U) << "and may be committed before it is settled";
  EXPECT_THROW(ticket_->mark(world_.owner->message(99)), std::invalid_argument);
  EXPECT_TRUE(ticket_->fail("the rest"));
  EXPECT_NE(failure(), "");
  ASSERT_TRUE(retry());
  EXPECT_EQ(ticket_->size(), 2U);
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(settled());
}

TEST_F(TicketTest, StartsTheBatchArmedBehind) {
  const BatchPtr next = world_.batch(pool_, 15, 19);
  ASSERT_TRUE(batch_->arm(*next));
  start();
  EXPECT_EQ(pool_->size(), 0U);
  Ticket first = std::move(*ticket_);
  EXPECT_TRUE(first.done());
  EXPECT_EQ(pool_->resumed(), 1U) << "on the pool, not here";
  EXPECT_TRUE(settled());
  pool_->run_all();
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(settled());
}

// --- the end of the assignment

TEST_F(TicketTest, TheFarewellWaitsForTheTicketAndRunsOnThePool) {
  start();
  world_.assignment->move_to(Assignment::Phase::ending);
  EXPECT_TRUE(slot().defer_farewell(FarewellKind::stopping));
  EXPECT_TRUE(ticket_->revoked());
  EXPECT_TRUE(ticket_->done()) << "it still counts";
  EXPECT_TRUE(told_.empty()) << "not on the thread that settles";
  EXPECT_FALSE(world_.jobs->idle());
  EXPECT_EQ(pool_->resumed(), 1U);
  pool_->run_all();
  EXPECT_EQ(told_, std::vector<std::string>{"stopping"});
  EXPECT_EQ(world_.script.destroyed, 1);
  EXPECT_EQ(share().marked(), 5U);
  EXPECT_TRUE(settled());
  EXPECT_TRUE(world_.jobs->idle());
}

TEST_F(TicketTest, SettledAfterTheEndItOnlyFrees) {
  start();
  world_.assignment->move_to(Assignment::Phase::over);
  EXPECT_TRUE(slot().defer_farewell(FarewellKind::revoked));
  batch_.reset();
  EXPECT_FALSE(ticket_->done());
  pool_->run_all();
  EXPECT_EQ(told_, std::vector<std::string>{"lost"});
  EXPECT_TRUE(settled());
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_TRUE(world_.owner->released_once(10, 14));
}

TEST_F(TicketTest, IdleSlotsTakeTheirFarewellAsAlways) {
  start();
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(settled());
  world_.assignment->move_to(Assignment::Phase::ending);
  EXPECT_FALSE(slot().defer_farewell(FarewellKind::revoked));
}

// --- overdue

TEST_F(TicketTest, GivenUpItFailsTheAttemptAndIsInert) {
  start();
  ASSERT_TRUE(share().waits_for_ticket());
  EXPECT_TRUE(share().deferral()->give_up(std::make_exception_ptr(std::runtime_error("overdue"))));
  EXPECT_EQ(failure(), "std::runtime_error: overdue");
  Ticket late = std::move(*ticket_);
  EXPECT_EQ(late.size(), 5U) << "its library may be reading";
  ASSERT_TRUE(retry());
  EXPECT_FALSE(late.done());
  late.mark(*late.begin());
  EXPECT_EQ(share().marked(), 0U);
  EXPECT_TRUE(share().waits_for_ticket()) << "the second attempt's";
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(settled());
}

TEST_F(TicketTest, ASettledOneCanNotBeGivenUp) {
  start();
  const std::shared_ptr<Deferral> deferral = share().deferral();
  EXPECT_TRUE(ticket_->done());
  EXPECT_FALSE(deferral->give_up(std::make_exception_ptr(1)));
  EXPECT_TRUE(settled());
}

}  // namespace
}  // namespace braid::engine
