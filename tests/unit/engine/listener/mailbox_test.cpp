#include "engine/listener/mailbox.hpp"

#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;
using Kind = Mail::Kind;

std::unique_ptr<Command> stop_command() {
  return std::make_unique<Command>();
}

class MailboxTest : public testing::Test {
 protected:
  EngineWorld world_{2};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  Mailbox& mailbox_ = *world_.mailbox;
};

TEST_F(MailboxTest, KeepsTheOrderOfDifferentKinds) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  ReadyFlag flag(world_.mailbox);
  mailbox_.post_settled(*batch);
  mailbox_.post_ready(flag);
  mailbox_.post_open(batch->shares()[1]);
  mailbox_.post_command(stop_command());
  mailbox_.post_unsent(*batch);
  std::vector<Kind> kinds;
  while (const auto mail = mailbox_.take()) {
    kinds.push_back(mail->kind);
    Mailbox::settle(*mail);
  }
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::batch_settled, Kind::partition_ready, Kind::share_open, Kind::command,
                                      Kind::shares_unsent}));
  EXPECT_TRUE(batch->unshared());
}

TEST_F(MailboxTest, WakesTheListenerButForTheMailWhosePosterDoes) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  ReadyFlag flag(world_.mailbox);
  mailbox_.post_settled(*batch);
  EXPECT_EQ(world_.bell->rung(), 0U);
  mailbox_.wake();
  mailbox_.post_open(batch->shares()[0]);
  mailbox_.post_unsent(*batch);
  mailbox_.post_ready(flag);
  mailbox_.post_command(stop_command());
  EXPECT_EQ(world_.bell->rung(), 5U);
  mailbox_.close();
}

TEST_F(MailboxTest, HoldsABatchUntilItsMailIsSettled) {
  BatchPtr batch = world_.batch(pool_, 0, 3);
  mailbox_.post_settled(*batch);
  EXPECT_FALSE(batch->unshared());
  batch.reset();
  const auto mail = mailbox_.take();
  EXPECT_TRUE(world_.owner->released().empty());
  Mailbox::settle(*mail);
  EXPECT_TRUE(world_.owner->released_once(0, 3));
}

TEST_F(MailboxTest, GivesBackWhatItHoldsWhenItIsClosed) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  mailbox_.post_settled(*batch);
  mailbox_.post_open(batch->shares()[0]);
  mailbox_.post_unsent(*batch);
  mailbox_.post_command(stop_command());
  mailbox_.close();
  EXPECT_TRUE(batch->unshared());
  EXPECT_FALSE(mailbox_.take());
}

TEST_F(MailboxTest, GivesBackWhatComesAfterItWasClosed) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  mailbox_.close();
  mailbox_.post_settled(*batch);
  mailbox_.post_open(batch->shares()[0]);
  mailbox_.post_command(stop_command());
  EXPECT_TRUE(batch->unshared());
  EXPECT_FALSE(mailbox_.take());
}

TEST_F(MailboxTest, GivesBackWhatItHoldsAtItsEnd) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  {
    Mailbox mailbox(world_.bell);
    mailbox.post_settled(*batch);
    mailbox.post_command(stop_command());
  }
  EXPECT_TRUE(batch->unshared());
}

TEST_F(MailboxTest, ClosingAmongThePostersLeaksNothing) {
  for (int round = 0; round < 2000; ++round) {
    const BatchPtr batch = world_.batch(pool_, 0, 3);
    auto mailbox = std::make_shared<Mailbox>(world_.bell);
    std::atomic<bool> go{false};
    std::vector<std::thread> posters;
    for (int p = 0; p < 2; ++p) {
      posters.emplace_back([&] {
        while (!go) std::this_thread::yield();
        for (int i = 0; i < 5; ++i) mailbox->post_settled(*batch);
      });
    }
    go = true;
    for (int i = 0; i < round % 4; ++i) {
      if (const auto mail = mailbox->take()) Mailbox::settle(*mail);
    }
    mailbox->close();
    for (std::thread& poster : posters) poster.join();
    ASSERT_TRUE(batch->unshared()) << "in round " << round;
    ASSERT_FALSE(mailbox->take());
    batch->clear();
  }
}

TEST_F(MailboxTest, GetsMoreThanItHasNodesFor) {
  const BatchPtr batch = world_.batch(pool_, 0, 3);
  for (int i = 0; i < 5000; ++i) mailbox_.post_settled(*batch);
  int taken = 0;
  while (const auto mail = mailbox_.take()) {
    ++taken;
    Mailbox::settle(*mail);
  }
  EXPECT_EQ(taken, 5000);
}

TEST_F(MailboxTest, AReadyFlagPostsOnceUntilItIsLowered) {
  ReadyFlag flag(world_.mailbox);
  flag.on_ready();
  flag.on_ready();
  ASSERT_TRUE(mailbox_.take());
  EXPECT_FALSE(mailbox_.take());
  flag.on_ready();
  EXPECT_FALSE(mailbox_.take());
  flag.lower();
  flag.on_ready();
  EXPECT_TRUE(mailbox_.take());
}

// A producer that finds the flag up relies on the listener's look behind the lowering.
TEST_F(MailboxTest, NothingReadyIsMissed) {
  constexpr int kItems = 50'000;
  ReadyFlag flag(world_.mailbox);
  std::atomic<int> there{0};
  std::thread client([&] {
    for (int i = 0; i < kItems; ++i) {
      there.fetch_add(1, std::memory_order_relaxed);
      flag.on_ready();
    }
  });
  int seen = 0;
  while (seen < kItems) {
    const auto mail = world_.next_mail();
    if (!mail) break;
    mail->flag->lower();
    seen = there.load(std::memory_order_relaxed);
  }
  client.join();
  EXPECT_EQ(seen, kItems);
  while (const auto mail = mailbox_.take()) Mailbox::settle(*mail);
}

}  // namespace
}  // namespace braid::engine
