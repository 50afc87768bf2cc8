// RunningBatch on real workers: what only two threads at once can break.

#include "engine/worker/running_batch.hpp"
#include "engine/worker/worker_pool.hpp"
#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::EngineWorld;
using Kind = Mail::Kind;

class RunningBatchStress : public testing::Test {
 protected:
  RunningBatchStress() { pool_->start(); }
  ~RunningBatchStress() override { EXPECT_EQ(pool_->stop(std::chrono::steady_clock::now() + 30s), 0U); }

  // A little while that differs from round to round, so that the threads meet at different places.
  static void dawdle(int round) {
    for (int i = 0; i < round % 300; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  void send_unsent(RunningBatch& batch) {
    for (std::uint32_t i = batch.unsent_from(); i < batch.shares().size(); ++i) {
      while (!batch.submit(batch.shares()[i])) std::this_thread::yield();
    }
  }

  std::shared_ptr<WorkerPool> pool_ = std::make_shared<WorkerPool>(2, "test-w-");
};

TEST_F(RunningBatchStress, DisarmingRacesWithSettlingAndOneOfThemWins) {
  EngineWorld world(2);
  std::atomic<int> consumed{0};
  world.script.consume = [&](Batch& batch) { consumed.fetch_add(static_cast<int>(batch.size())); };
  constexpr int kRounds = 20'000;
  for (int round = 0; round < kRounds; ++round) {
    consumed = 0;
    const BatchPtr present = world.batch(pool_, 0, 1);
    const BatchPtr next = world.batch(pool_, 2, 3);
    ASSERT_TRUE(present->arm(*next));
    present->start();
    // Some rounds come surely too late, the others meet the worker a little later each.
    const bool late = round % 8 == 0;
    if (late) ASSERT_TRUE(world.next_is(Kind::batch_settled)) << "in round " << round;
    dawdle(round);
    const bool disarmed = present->disarm(*next);
    if (late) ASSERT_FALSE(disarmed);
    if (!late) ASSERT_TRUE(world.next_is(Kind::batch_settled)) << "in round " << round;
    if (!disarmed) ASSERT_TRUE(world.next_is(Kind::batch_settled)) << "in round " << round;
    ASSERT_TRUE(world.wait_until_idle());
    ASSERT_EQ(consumed, disarmed ? 2 : 4) << "in round " << round;
    ASSERT_FALSE(world.mailbox->take());
  }
}

// The listener lets go of the armed batch as soon as it learns that it can't be disarmed, as it does when a
// partition starts anew; the worker is just about to start it.
TEST_F(RunningBatchStress, TheListenerMayLetGoWhileAWorkerStartsTheArmedBatch) {
  EngineWorld world(1);
  std::int64_t last = -1;
  for (int round = 0; round < 20'000; ++round) {
    // Each round is another assignment, since it does not wait for the one before.
    world.assignment = world.new_assignment();
    BatchPtr present = world.batch(pool_, last + 1, last + 1);
    BatchPtr next = world.batch(pool_, last + 2, last + 2);
    last += 2;
    ASSERT_TRUE(present->arm(*next));
    present->start();
    dawdle(round);
    while (present->disarm(*next)) {
      if (!present->arm(*next)) break;
    }
    next.reset();
    present.reset();
    while (const auto mail = world.mailbox->take()) Mailbox::settle(*mail);
  }
  ASSERT_TRUE(world.wait_until_idle());
  world.mailbox->close();
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!world.owner->released_once(0, last) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(world.owner->released_once(0, last));
}

// A chain as a busy partition makes it: gather, arm, learn of the settling, again; with failures in between and a
// queue that is sometimes full. Nothing is lost, doubled, or out of order.
TEST_F(RunningBatchStress, AChainOfArmedBatchesRunsEverythingOnceAndInOrder) {
  constexpr std::uint32_t kVirtualPartitions = 100;  // more than the queue holds
  constexpr std::int64_t kBatches = 300;
  constexpr std::int64_t kSize = 150;
  EngineWorld world(kVirtualPartitions);
  std::vector<std::int64_t> last(kVirtualPartitions, -1);  // each virtual partition's own
  std::vector<std::atomic<int>> inside(kVirtualPartitions);
  std::atomic<int> faults{0};
  std::atomic<std::int64_t> consumed{0};
  world.script.consume = [&](Batch& batch) {
    const std::uint32_t index = batch.virtual_partition().index().value;
    if (inside[index].fetch_add(1) != 0) faults.fetch_add(1);
    const bool fails = batch.attempt() == 1 && batch.front().offset().value % 97 == 0;
    if (!fails) {
      for (const Message& message : batch) {
        if (message.offset().value <= last[index]) faults.fetch_add(1);
        last[index] = message.offset().value;
        consumed.fetch_add(1, std::memory_order_relaxed);
      }
    }
    inside[index].fetch_sub(1);
    if (fails) throw std::runtime_error("first attempt");
  };
  std::int64_t made = 0;
  const auto next_batch = [&] {
    const std::int64_t first = made++ * kSize;
    return world.batch(pool_, first, first + kSize - 1);
  };
  BatchPtr present = next_batch();
  BatchPtr armed;
  present->start();
  for (std::int64_t settled = 0; settled < kBatches;) {
    if (!armed && made < kBatches) {
      armed = next_batch();
      if (!present->arm(*armed)) {
        // It has settled already; its mail is still to be read.
        ASSERT_TRUE(present->settled());
        present = std::move(armed);
        present->start();
        armed = nullptr;
      }
    }
    const auto mail = world.next_mail();
    ASSERT_TRUE(mail) << settled << " batches settled";
    switch (mail->kind) {
      case Kind::batch_settled:
        ++settled;
        if (mail->batch == present.get() && armed) present = std::move(armed);
        break;
      case Kind::shares_unsent:
        send_unsent(*mail->batch);
        break;
      case Kind::share_open:
        mail->share->begin_next_attempt();
        while (!mail->share->batch().submit(*mail->share)) std::this_thread::yield();
        break;
      default:
        FAIL();
    }
    Mailbox::settle(*mail);
  }
  ASSERT_TRUE(world.wait_until_idle());
  EXPECT_EQ(faults, 0);
  EXPECT_EQ(consumed, kBatches * kSize);
  EXPECT_FALSE(world.mailbox->take());
}

// The assignment ends somewhere among the shares: each either ran or did not, and all come back.
TEST_F(RunningBatchStress, AnEndAmongTheSharesBringsAllOfThemBack) {
  for (int round = 0; round < 2000; ++round) {
    EngineWorld world(8);
    std::atomic<bool> ended{false};
    std::atomic<int> late{0};
    world.script.consume = [&](Batch&) {
      if (ended.load()) late.fetch_add(1);
    };
    {
      const BatchPtr batch = world.batch(pool_, 0, 31);
      batch->start();
      dawdle(round);
      world.assignment->move_to(Assignment::Phase::ending);
      ASSERT_TRUE(world.wait_until_idle());
      ended = true;
      world.mailbox->close();
    }
    // The last worker may still be on its way out of the batch.
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!world.owner->released_once(0, 31) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(world.owner->released_once(0, 31));
    ASSERT_EQ(late, 0);
    world.assignment.reset();
  }
}

}  // namespace
}  // namespace braid::engine
