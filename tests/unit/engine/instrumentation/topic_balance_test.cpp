#include "engine/instrumentation/topic_balance.hpp"

#include "engine/listener/batch_runner.hpp"
#include "engine/listener/continuous_runner.hpp"
#include "engine/worker/byte_budget.hpp"
#include "unit/engine/engine_world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::SteppedPool;

TEST(TopicBalance, HoldsTheLastBatchTheMeanAndTheMost) {
  TopicBalance balance("group", "orders");
  balance.count_batch(100, 10, 40);
  balance.count_batch(20, 2, 15);
  const TopicFigures figures = balance.figures();
  EXPECT_EQ(figures.consumer_group, "group");
  EXPECT_EQ(figures.topic, "orders");
  EXPECT_EQ(figures.batches, 2U);
  EXPECT_EQ(figures.virtual_partitions_used.last, 2U);
  EXPECT_DOUBLE_EQ(figures.virtual_partitions_used.mean, 6.0);
  EXPECT_EQ(figures.virtual_partitions_used.most, 10U);
  EXPECT_EQ(figures.largest_share.last, 15U);
  EXPECT_DOUBLE_EQ(figures.largest_share.mean, 27.5);
  EXPECT_EQ(figures.largest_share.most, 40U);
  EXPECT_DOUBLE_EQ(figures.mean_share_last, 10.0);
  EXPECT_DOUBLE_EQ(figures.mean_share, 10.0);
}

TEST(TopicBalance, BeforeTheFirstBatchIsZero) {
  const TopicFigures figures = TopicBalance("group", "orders").figures();
  EXPECT_EQ(figures.batches, 0U);
  EXPECT_EQ(figures.largest_share.mean, 0.0);
  EXPECT_EQ(figures.mean_share, 0.0);
}

TEST(TopicBalance, AddsUpWhatWaitsAndForgetsAnAssignmentThatEnded) {
  TopicBalance balance("group", "orders");
  const auto stays = balance.gauge();
  auto goes = balance.gauge();
  for (const auto& gauge : {stays, goes}) {
    gauge->virtual_partitions = 2;
    gauge->messages = 30;
    gauge->longest = 20;
    gauge->jobs = 1;
  }
  goes->longest = 25;
  EXPECT_EQ(balance.figures().virtual_partitions_queued, 4U);
  EXPECT_EQ(balance.figures().messages_queued, 60U);
  EXPECT_EQ(balance.figures().longest_queue, 25U);
  EXPECT_EQ(balance.figures().jobs_waiting, 2U);
  goes.reset();
  EXPECT_EQ(balance.figures().messages_queued, 30U);
  EXPECT_EQ(balance.figures().longest_queue, 20U);
}

TEST(TopicBalance, CountsFromSeveralThreads) {
  TopicBalance balance("group", "orders");
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t batch = 1; batch <= 1'000; ++batch) {
        balance.count_batch(batch, 1, batch);
        if (batch % 100 == 0) {
          const auto gauge = balance.gauge();
          EXPECT_GT(balance.figures().batches, 0U);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(balance.figures().batches, 3'000U);
  EXPECT_EQ(balance.figures().largest_share.most, 1'000U);
  EXPECT_DOUBLE_EQ(balance.figures().largest_share.mean, 500.5);
}

TEST(BalanceTable, IsOneATopicOfAConsumerGroup) {
  BalanceTable table;
  EXPECT_EQ(table.of("a", "orders"), table.of("a", "orders"));
  EXPECT_NE(table.of("a", "orders"), table.of("b", "orders"));
  EXPECT_NE(table.of("a", "orders"), table.of("a", "refunds"));
  EXPECT_EQ(table.figures().size(), 3U);
}

// Hands out messages of one partition, each with its offset's last digit as its key.
class KeyedQueue final : public PartitionQueue {
 public:
  KeyedQueue(std::shared_ptr<MessageOwner> owner, std::string_view keys) : owner_(std::move(owner)), keys_(keys) {}
  TakeReport take(std::size_t max, std::vector<Message>& out) override {
    TakeReport report;
    for (; report.messages < max && next_ < keys_.size(); ++report.messages, ++next_) {
      Message::Parts parts;
      parts.offset = Offset{static_cast<std::int64_t>(next_)};
      parts.key = keys_.data() + next_;
      parts.key_size = 1;
      parts.source = owner_.get();
      out.push_back(Message(parts));
    }
    return report;
  }
  [[nodiscard]] const std::shared_ptr<MessageOwner>& owner() const override { return owner_; }

 private:
  std::shared_ptr<MessageOwner> owner_;
  std::string_view keys_;
  std::size_t next_ = 0;
};

class RunnersBalance : public testing::Test {
 protected:
  RunnerTools tools() {
    return {.split = &split_,
            .dispatcher = &dispatcher_,
            .mailbox = world_.mailbox,
            .pool = pool_,
            .log = &log_,
            .bytes = &bytes_,
            .ready = nullptr,
            .commits = &commits_,
            .balance = &balance_};
  }
  void settle_all(PartitionRunner& runner) {
    pool_->run_all();
    while (const auto mail = world_.mailbox->take()) {
      if (mail->kind == Mail::Kind::batch_settled) runner.handle_settled(*mail->batch);
      Mailbox::settle(*mail);
    }
    runner.turn(Time{});
  }

  struct Silent final : Log {
    [[nodiscard]] bool enabled(LogLevel) const override { return false; }
    void write(LogLevel, std::string_view, std::string_view) override {}
  };
  EngineWorld world_{4};
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  Dispatcher dispatcher_{pool_, world_.bell};
  TopicSplit split_;
  Silent log_;
  ByteBudget bytes_{1'000'000};
  core::PartitionCommits commits_{routing::Commit{}, Duration{1}, Time{}};
  TopicBalance balance_{"group", "events"};
};

TEST_F(RunnersBalance, OfABatchIsWhatItsSharesAre) {
  KeyedQueue queue(world_.owner, "aaaaaaab");
  BatchRunner runner(world_.assignment, {}, tools());
  EXPECT_EQ(runner.take(queue, Time{}).messages, 8U);
  runner.turn(Time{});
  settle_all(runner);
  const TopicFigures figures = balance_.figures();
  EXPECT_EQ(figures.batches, 1U);
  const std::uint64_t used = figures.virtual_partitions_used.last;
  ASSERT_TRUE(used == 1 || used == 2) << used;
  EXPECT_EQ(figures.largest_share.last, used == 1 ? 8U : 7U);
  EXPECT_DOUBLE_EQ(figures.mean_share_last, 8.0 / static_cast<double>(used));
  runner.refuse();
}

TEST_F(RunnersBalance, OfContinuousQueuesIsWhatWaitsAtTheLastLook) {
  world_.topic().max_messages = 2;
  pool_->room = 0;
  KeyedQueue queue(world_.owner, "aaaaaaa");
  ContinuousRunner runner(world_.assignment, {}, tools());
  EXPECT_EQ(runner.take(queue, Time{}).messages, 7U);
  runner.turn(Time{});
  dispatcher_.feed();
  runner.tidy(Time{});
  TopicFigures figures = balance_.figures();
  EXPECT_EQ(figures.virtual_partitions_queued, 1U);
  EXPECT_EQ(figures.messages_queued, 5U) << "two are in the job that waits for the pool";
  EXPECT_EQ(figures.longest_queue, 5U);
  EXPECT_EQ(figures.jobs_waiting, 1U);
  pool_->room = 1000;
  for (int i = 0; i < 5; ++i) {
    dispatcher_.feed();
    settle_all(runner);
  }
  runner.tidy(Time{});
  figures = balance_.figures();
  EXPECT_EQ(figures.messages_queued, 0U);
  EXPECT_EQ(figures.virtual_partitions_queued, 0U);
  EXPECT_EQ(figures.jobs_waiting, 0U);
  runner.refuse();
}

}  // namespace
}  // namespace braid::engine
