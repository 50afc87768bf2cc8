#include "engine/listener/dispatcher.hpp"

#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

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
    world_.script.consume = [this](Batch& batch) { ran_.push_back(batch.virtual_partition().index().value); };
    dispatcher_.emplace(pool_, world_.bell);
  }
  ~DispatcherTest() override { world_.mailbox->close(); }
  void send_all(RunningBatch& batch) {
    for (Share& share : batch.shares()) dispatcher_->send(share);
  }

  EngineWorld world_{4};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  std::optional<Dispatcher> dispatcher_;
  std::vector<std::uint32_t> ran_;
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
  while (pool_->run_one()) dispatcher_->feed();
  EXPECT_EQ(ran_, (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_FALSE(dispatcher_->holds_of(*world_.assignment));
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
