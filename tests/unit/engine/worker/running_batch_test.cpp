#include "engine/worker/running_batch.hpp"

#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;
using Kind = Mail::Kind;

class RunningBatchTest : public testing::Test {
 protected:
  RunningBatchTest() {
    world_.script.consume = [this](Batch& batch) {
      for (const Message& message : batch) consumed_.push_back(message.offset().value);
    };
  }
  // Takes what is there; the test is the listener.
  std::vector<Kind> read_mail() {
    std::vector<Kind> kinds;
    while (const auto mail = world_.mailbox->take()) {
      kinds.push_back(mail->kind);
      Mailbox::settle(*mail);
    }
    return kinds;
  }

  EngineWorld world_{4};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  std::vector<std::int64_t> consumed_;
};

TEST_F(RunningBatchTest, IsLaidOutAsOneShareForEachVirtualPartition) {
  const BatchPtr batch = world_.batch(pool_, 5, 10);  // virtual partitions 1 2 3 0 1 2
  ASSERT_EQ(batch->shares().size(), 4U);
  EXPECT_EQ(batch->first(), Offset{5});
  EXPECT_EQ(batch->last(), Offset{10});
  for (std::uint32_t i = 0; i < 4; ++i) {
    const Share& share = batch->shares()[i];
    EXPECT_EQ(share.index(), i);
    EXPECT_EQ(share.virtual_partition(), VirtualPartitionIndex{i});
    for (const Message& message : share.messages()) EXPECT_EQ(message.offset().value % 4, i);
  }
}

TEST_F(RunningBatchTest, AWorkerGoesOnWithWhatIsArmedBehindButNotForEver) {
  std::vector<BatchPtr> chain;
  for (std::int64_t offset = 0; offset < 12; ++offset) chain.push_back(world_.batch(pool_, offset, offset));
  for (std::size_t i = 1; i < chain.size(); ++i) ASSERT_TRUE(chain[i - 1]->arm(*chain[i]));
  chain[0]->start();
  ASSERT_TRUE(pool_->run_one());
  EXPECT_EQ(consumed_.size(), 9U) << "eight behind the first, and then whatever waits in the pool";
  EXPECT_EQ(pool_->size(), 1U);
  EXPECT_EQ(world_.jobs->inside(), 1U);
  ASSERT_TRUE(pool_->run_one());
  EXPECT_EQ(consumed_.size(), 12U);
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_EQ(read_mail().size(), 12U);
}

TEST_F(RunningBatchTest, AllSharesSettleOnceAndOneMailIsPosted) {
  const BatchPtr batch = world_.batch(pool_, 0, 9);
  batch->start();
  EXPECT_EQ(world_.jobs->inside(), 4U);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool_->run_one());
  EXPECT_FALSE(batch->settled());
  EXPECT_TRUE(read_mail().empty());
  ASSERT_TRUE(pool_->run_one());
  EXPECT_TRUE(batch->settled());
  EXPECT_EQ(read_mail(), std::vector<Kind>{Kind::batch_settled});
  EXPECT_EQ(world_.bell->rung(), 1U);
  EXPECT_EQ(consumed_.size(), 10U);
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_TRUE(batch->unshared());
}

TEST_F(RunningBatchTest, AnArmedBatchIsStartedByWhoSettledTheOneBefore) {
  const BatchPtr present = world_.batch(pool_, 0, 0);
  const BatchPtr next = world_.batch(pool_, 1, 2);
  present->start();
  EXPECT_TRUE(present->arm(*next));
  EXPECT_EQ(pool_->size(), 1U);
  pool_->run_one();
  EXPECT_EQ(pool_->size(), 2U);
  pool_->run_all();
  EXPECT_EQ(read_mail(), (std::vector<Kind>{Kind::batch_settled, Kind::batch_settled}));
}

TEST_F(RunningBatchTest, NothingCanBeArmedBehindASettledBatch) {
  const BatchPtr present = world_.batch(pool_, 0, 0);
  present->start();
  pool_->run_all();
  const BatchPtr next = world_.batch(pool_, 1, 2);
  EXPECT_FALSE(present->arm(*next));
  EXPECT_TRUE(next->unshared());
  EXPECT_EQ(pool_->size(), 0U);
}

TEST_F(RunningBatchTest, ADisarmedBatchIsNotStarted) {
  const BatchPtr present = world_.batch(pool_, 0, 0);
  const BatchPtr next = world_.batch(pool_, 1, 2);
  present->start();
  ASSERT_TRUE(present->arm(*next));
  EXPECT_TRUE(present->disarm(*next));
  EXPECT_TRUE(next->unshared());
  pool_->run_all();
  EXPECT_EQ(consumed_, std::vector<std::int64_t>{0});
}

TEST_F(RunningBatchTest, WhatHasStartedCanNotBeDisarmed) {
  const BatchPtr present = world_.batch(pool_, 0, 0);
  const BatchPtr next = world_.batch(pool_, 1, 2);
  present->start();
  ASSERT_TRUE(present->arm(*next));
  pool_->run_one();
  EXPECT_FALSE(present->disarm(*next));
  pool_->run_all();
}

TEST_F(RunningBatchTest, ADisarmedBatchTakesMoreAndIsArmedAgain) {
  const BatchPtr present = world_.batch(pool_, 0, 0);
  const BatchPtr next = world_.batch(pool_, 1, 2);
  present->start();
  ASSERT_TRUE(present->arm(*next));
  ASSERT_TRUE(present->disarm(*next));
  world_.fill(*next, 3, 9);
  ASSERT_TRUE(present->arm(*next));
  pool_->run_all();
  EXPECT_EQ(consumed_.size(), 10U);
}

// The worker that starts an armed batch can't rely on the listener, which may let go of everything meanwhile.
TEST_F(RunningBatchTest, AnArmedBatchIsKeptByTheOneBeforeIt) {
  BatchPtr present = world_.batch(pool_, 0, 0);
  BatchPtr next = world_.batch(pool_, 1, 1);
  present->start();
  ASSERT_TRUE(present->arm(*next));
  next.reset();
  present.reset();
  EXPECT_TRUE(world_.owner->released().empty());
  pool_->run_all();
  EXPECT_EQ(consumed_, (std::vector<std::int64_t>{0, 1}));
  read_mail();
  EXPECT_TRUE(world_.owner->released_once(0, 1));
}

TEST_F(RunningBatchTest, ABatchThatGoesUnsettledLetsGoOfTheOneArmedBehindIt) {
  BatchPtr present = world_.batch(pool_, 0, 0);
  present->start();
  ASSERT_TRUE(present->arm(*world_.batch(pool_, 1, 1)));
  world_.assignment->move_to(Assignment::Phase::ending);
  present.reset();
  pool_->run_all();
  EXPECT_TRUE(consumed_.empty());
  EXPECT_TRUE(world_.owner->released_once(0, 1));
}

// --- failures

TEST_F(RunningBatchTest, AFailedSharePostsItsFailureAndRunsAgainWhenSubmitted) {
  bool fail = true;
  world_.script.consume = [&](Batch& batch) {
    if (batch.virtual_partition().index().value == 1 && std::exchange(fail, false))
      throw std::runtime_error("once");
  };
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  batch->start();
  pool_->run_all();
  EXPECT_FALSE(batch->settled());
  const auto mail = world_.mailbox->take();
  ASSERT_TRUE(mail);
  ASSERT_EQ(mail->kind, Kind::share_open);
  Share& share = *mail->share;
  EXPECT_EQ(share.virtual_partition(), VirtualPartitionIndex{1});
  EXPECT_NE(share.failure(), nullptr);
  EXPECT_TRUE(world_.jobs->idle());
  share.begin_next_attempt();
  EXPECT_EQ(share.attempt(), 2U);
  EXPECT_TRUE(batch->submit(share));
  Mailbox::settle(*mail);
  pool_->run_all();
  EXPECT_EQ(read_mail(), std::vector<Kind>{Kind::batch_settled});
  EXPECT_TRUE(batch->unshared());
}

TEST_F(RunningBatchTest, AFailureKeepsTheArmedBatchBack) {
  bool fail = true;
  world_.script.consume = [&](Batch&) {
    if (std::exchange(fail, false)) throw std::runtime_error("once");
  };
  const BatchPtr present = world_.batch(pool_, 0, 3);
  const BatchPtr next = world_.batch(pool_, 4, 7);
  present->start();
  ASSERT_TRUE(present->arm(*next));
  pool_->run_all();
  EXPECT_EQ(world_.counters->jobs_running_max, 1U);
  EXPECT_EQ(world_.counters->jobs_running, 0U);
  EXPECT_EQ(read_mail(), std::vector<Kind>{Kind::share_open});
  EXPECT_FALSE(next->settled());
}

// --- a full pool

TEST_F(RunningBatchTest, WhatThePoolRefusesIsLeftToTheListener) {
  pool_->room = 1;
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  batch->start();
  EXPECT_EQ(world_.jobs->inside(), 1U);
  EXPECT_EQ(read_mail(), std::vector<Kind>{Kind::shares_unsent});
  EXPECT_EQ(batch->unsent_from(), 1U);
  EXPECT_FALSE(batch->submit(batch->shares()[1])) << "the pool is still full";
  EXPECT_EQ(world_.jobs->inside(), 1U);
  pool_->room = 1000;
  for (std::uint32_t i = batch->unsent_from(); i < 4; ++i) EXPECT_TRUE(batch->submit(batch->shares()[i]));
  pool_->run_all();
  EXPECT_EQ(read_mail(), std::vector<Kind>{Kind::batch_settled});
  EXPECT_TRUE(batch->unshared());
  EXPECT_EQ(consumed_.size(), 4U);
}

TEST_F(RunningBatchTest, AnArmedBatchThatFindsThePoolFullIsLeftToTheListenerBehindTheOtherMail) {
  const BatchPtr present = world_.batch(pool_, 0, 0);
  const BatchPtr next = world_.batch(pool_, 1, 2);
  present->start();
  ASSERT_TRUE(present->arm(*next));
  pool_->room = 0;
  pool_->run_one();
  EXPECT_EQ(next->unsent_from(), 0U);
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_EQ(read_mail(), (std::vector<Kind>{Kind::batch_settled, Kind::shares_unsent}));
}

// --- the end

TEST_F(RunningBatchTest, AnAssignmentThatEndedNeverCallsItsConsumer) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  batch->start();
  world_.assignment->move_to(Assignment::Phase::ending);
  pool_->run_all();
  EXPECT_TRUE(consumed_.empty());
  EXPECT_EQ(world_.script.made, 0);
  EXPECT_FALSE(batch->settled());
  EXPECT_TRUE(read_mail().empty());
  EXPECT_TRUE(world_.jobs->idle());
}

TEST_F(RunningBatchTest, MessagesAreFreedOnceByTheListenerThatLetsGoLast) {
  BatchPtr batch = world_.batch(pool_, 0, 9);
  batch->start();
  pool_->run_all();
  read_mail();
  EXPECT_TRUE(world_.owner->released().empty());
  batch.reset();
  EXPECT_TRUE(world_.owner->released_once(0, 9));
}

TEST_F(RunningBatchTest, MessagesAreFreedOnceByTheJobThatReturnsLast) {
  BatchPtr batch = world_.batch(pool_, 0, 9);
  batch->start();
  world_.assignment->move_to(Assignment::Phase::over);
  batch.reset();
  for (int i = 0; i < 3; ++i) pool_->run_one();
  EXPECT_TRUE(world_.owner->released().empty());
  pool_->run_one();
  EXPECT_TRUE(world_.owner->released_once(0, 9));
}

TEST_F(RunningBatchTest, MessagesAreFreedOnceByTheMailThatIsReadLast) {
  BatchPtr batch = world_.batch(pool_, 0, 9);
  batch->start();
  pool_->run_all();
  batch.reset();
  EXPECT_TRUE(world_.owner->released().empty());
  read_mail();
  EXPECT_TRUE(world_.owner->released_once(0, 9));
}

TEST_F(RunningBatchTest, MessagesAreFreedOnceWhenTheMailboxIsClosed) {
  world_.script.consume = [](Batch& batch) {
    if (batch.virtual_partition().index().value == 1) throw std::runtime_error("fails");
  };
  BatchPtr batch = world_.batch(pool_, 0, 9);
  batch->start();
  pool_->run_one();
  pool_->run_one();
  world_.mailbox->close();
  batch.reset();
  pool_->run_all();
  EXPECT_TRUE(world_.owner->released_once(0, 9));
}

TEST_F(RunningBatchTest, AClearedBatchGathersAnew) {
  const BatchPtr batch = world_.batch(pool_, 0, 9);
  batch->start();
  pool_->run_all();
  read_mail();
  ASSERT_TRUE(batch->unshared());
  batch->clear();
  EXPECT_TRUE(world_.owner->released_once(0, 9));
  EXPECT_TRUE(batch->empty());
  world_.fill(*batch, 10, 29);
  const BatchPtr next = world_.batch(pool_, 30, 30);
  batch->start();
  EXPECT_TRUE(batch->arm(*next)) << "it is not closed any more";
  pool_->run_all();
  EXPECT_EQ(consumed_.size(), 31U);
}

}  // namespace
}  // namespace braid::engine
