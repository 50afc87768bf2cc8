#include "engine/listener/dispatcher.hpp"

#include "engine/worker/farewell_round.hpp"
#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() {
    world_.script.consume = [this](Batch& batch) { ran_.push_back(batch.front().offset().value); };
    dispatcher_.emplace(pool_, world_.bell);
  }
  ~DispatcherTest() override { world_.mailbox->close(); }
  void send_all(RunningBatch& batch) {
    for (Share& share : batch.shares()) dispatcher_->send(share);
  }
  // A batch of another assignment of its own.
  BatchPtr batch_of(std::shared_ptr<Assignment> assignment, std::int64_t first, std::int64_t last) {
    BatchPtr made(new RunningBatch(std::move(assignment), world_.mailbox, pool_));
    world_.fill(*made, first, last);
    return made;
  }
  void run_all() {
    while (pool_->run_one()) dispatcher_->feed();
  }

  EngineWorld world_{4};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  std::optional<Dispatcher> dispatcher_;
  std::vector<std::int64_t> ran_;
};

// Hands out the shares of a batch one by one.
class ListSource final : public ShareSource {
 public:
  explicit ListSource(RunningBatch& batch) {
    for (Share& share : batch.shares()) shares_.push_back(&share);
  }
  Share* next_share() override {
    if (shares_.empty()) return nullptr;
    Share* share = shares_.front();
    shares_.pop_front();
    return share;
  }
  [[nodiscard]] std::size_t shares_ready() const override { return shares_.size(); }

 private:
  std::deque<Share*> shares_;
};

TEST_F(DispatcherTest, SubmitsAtOnceWhileThereIsRoom) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  send_all(*batch);
  EXPECT_EQ(dispatcher_->waiting(), 0U);
  EXPECT_EQ(pool_->size(), 4U);
  pool_->run_all();
}

TEST_F(DispatcherTest, KeepsTheOrderOfWhatWaits) {
  pool_->room = 1;
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  send_all(*batch);
  EXPECT_EQ(dispatcher_->waiting(), 3U);
  EXPECT_TRUE(dispatcher_->holds_of(*world_.assignment));
  EXPECT_EQ(pool_->waiting(), 1U) << "asks for room";
  run_all();
  EXPECT_EQ(ran_, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_FALSE(dispatcher_->holds_of(*world_.assignment));
}

TEST_F(DispatcherTest, AssignmentsTakeTurns) {
  pool_->room = 1;
  const auto other = world_.new_assignment();
  const BatchPtr many = world_.batch(pool_, 0, 3);
  const BatchPtr few = batch_of(other, 100, 101);
  send_all(*many);
  send_all(*few);
  EXPECT_TRUE(dispatcher_->others_wait(*other));
  run_all();
  EXPECT_EQ(ran_, (std::vector<std::int64_t>{0, 1, 100, 2, 101, 3}))
      << "the one in the pool's queue was there before; then they take turns";
  EXPECT_FALSE(dispatcher_->others_wait(*other));
}

TEST_F(DispatcherTest, AsksASourceOnlyForWhatThereIsRoomFor) {
  pool_->room = 1;
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  ListSource source(*batch);
  dispatcher_->offer(source, *world_.assignment);
  EXPECT_EQ(source.shares_ready(), 2U) << "one is in the pool, one is held, the others keep their order till then";
  EXPECT_EQ(dispatcher_->waiting(), 3U);
  run_all();
  EXPECT_EQ(ran_, (std::vector<std::int64_t>{0, 1, 2, 3}));
  dispatcher_->withdraw(*world_.assignment);
}

TEST_F(DispatcherTest, AWithdrawnSourceIsAskedNoMore) {
  pool_->room = 0;
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  {
    ListSource source(*batch);
    dispatcher_->offer(source, *world_.assignment);
    dispatcher_->withdraw(*world_.assignment);
  }
  pool_->room = 10;
  dispatcher_->feed();
  EXPECT_EQ(pool_->size(), 1U) << "the share that it had handed out";
  EXPECT_FALSE(dispatcher_->holds_of(*world_.assignment));
  pool_->run_all();
}

TEST_F(DispatcherTest, ACapHoldsBackItsOwnOnly) {
  const auto cap = std::make_shared<JobCap>(1);
  const auto capped = world_.new_assignment();
  capped->caps() = JobCaps(cap, nullptr);
  const BatchPtr slow = batch_of(capped, 0, 3);
  const BatchPtr free = batch_of(world_.assignment, 100, 103);
  send_all(*slow);
  send_all(*free);
  EXPECT_EQ(pool_->size(), 5U) << "one of the capped, all of the others";
  EXPECT_EQ(cap->out(), 1U);
  EXPECT_EQ(dispatcher_->waiting(), 3U);
  run_all();
  EXPECT_EQ(ran_.size(), 8U);
  EXPECT_EQ(cap->out(), 0U);
}

TEST_F(DispatcherTest, ACreditThatComesBackElsewhereWakesTheOneThatWaits) {
  const auto cap = std::make_shared<JobCap>(1);
  world_.assignment->caps() = JobCaps(nullptr, cap);
  ASSERT_TRUE(cap->try_take());  // another connection's job
  const BatchPtr batch = world_.batch(pool_, 0, 0);
  send_all(*batch);
  EXPECT_EQ(pool_->size(), 0U);
  const std::uint64_t before = world_.bell->rung();
  cap->give_back();
  EXPECT_GT(world_.bell->rung(), before);
  dispatcher_->feed();
  EXPECT_EQ(pool_->size(), 1U);
  run_all();
  EXPECT_EQ(cap->out(), 0U);
}

TEST_F(DispatcherTest, AFullPoolKeepsNoCredit) {
  const auto cap = std::make_shared<JobCap>(1);
  world_.assignment->caps() = JobCaps(cap, nullptr);
  pool_->room = 0;
  const BatchPtr batch = world_.batch(pool_, 0, 0);
  send_all(*batch);
  EXPECT_EQ(cap->out(), 0U);
  dispatcher_->forget(*world_.assignment);
}

TEST_F(DispatcherTest, HoldsWhatWaits) {
  pool_->room = 0;
  {
    const BatchPtr batch = world_.batch(pool_, 0, 3);
    send_all(*batch);
  }
  EXPECT_TRUE(world_.owner->released().empty());
  dispatcher_->forget(*world_.assignment);
  EXPECT_TRUE(world_.owner->released_once(0, 3));
}

TEST_F(DispatcherTest, ForgetsTheSharesOfOneAssignmentOnly) {
  pool_->room = 0;
  const auto other = world_.new_assignment();
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  send_all(*batch);
  dispatcher_->forget(*other);
  EXPECT_EQ(dispatcher_->waiting(), 4U);
  dispatcher_->forget(*world_.assignment);
  EXPECT_EQ(dispatcher_->waiting(), 0U);
}

// What it keeps of its batches would keep it in turn, and the client's handle with it, for good.
TEST_F(DispatcherTest, AnAbandonedGoodbyeIsItsConsumersEnd) {
  std::optional<KeptBatch> kept;
  world_.script.consume = [&](Batch& consumed) { kept = consumed.keep(); };
  {
    const BatchPtr batch = world_.batch(pool_, 0, 0);
    send_all(*batch);
    run_all();
  }
  ASSERT_EQ(world_.script.destroyed, 0);
  world_.assignment->move_to(Assignment::Phase::ending);
  pool_->room = 0;
  std::make_shared<FarewellRound>(world_.assignment, FarewellKind::stopping)->send(*dispatcher_);
  EXPECT_FALSE(world_.jobs->idle());
  dispatcher_.reset();
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_EQ(world_.script.destroyed, 1);
  EXPECT_FALSE(world_.assignment->slot({0}).occupied());
}

TEST_F(DispatcherTest, WantsToKnowOfNoRoomAfterItsEnd) {
  pool_->room = 0;
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  send_all(*batch);
  ASSERT_EQ(pool_->waiting(), 1U);
  dispatcher_.reset();
  EXPECT_EQ(pool_->waiting(), 0U);
}

}  // namespace
}  // namespace braid::engine
