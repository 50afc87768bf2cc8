#include "engine/worker/partition_jobs.hpp"

#include "unit/engine/bell.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace braid::engine {
namespace {

using test_support::Bell;

TEST(PartitionJobs, AreIdleWhenAllHaveLeft) {
  PartitionJobs jobs;
  EXPECT_TRUE(jobs.idle());
  jobs.enter(3);
  jobs.leave(2);
  EXPECT_FALSE(jobs.idle());
  EXPECT_EQ(jobs.inside(), 1U);
  jobs.leave();
  EXPECT_TRUE(jobs.idle());
}

TEST(PartitionJobs, TellEachWatcherOnceForEachTimeTheyBecomeIdle) {
  PartitionJobs jobs;
  auto one = std::make_shared<Bell>();
  auto other = std::make_shared<Bell>();
  jobs.watch(one);
  jobs.watch(one);
  jobs.watch(other);
  jobs.enter(2);
  jobs.leave();
  EXPECT_EQ(one->rung(), 0U);
  jobs.leave();
  EXPECT_EQ(one->rung(), 1U);
  EXPECT_EQ(other->rung(), 1U);
  jobs.unwatch(*one);
  jobs.enter(1);
  jobs.leave();
  EXPECT_EQ(one->rung(), 1U);
  EXPECT_EQ(other->rung(), 2U);
}

TEST(PartitionJobs, KeepTheirWatchersAlive) {
  PartitionJobs jobs;
  auto bell = std::make_shared<Bell>();
  const std::weak_ptr<Bell> watched = bell;
  jobs.watch(bell);
  const Bell& again = *bell;
  bell.reset();
  EXPECT_FALSE(watched.expired());
  jobs.unwatch(again);
  EXPECT_TRUE(watched.expired());
}

TEST(PartitionJobs, AWatchNeverMissesTheLastToLeave) {
  constexpr int kRounds = 20'000;
  PartitionJobs jobs;
  auto bell = std::make_shared<Bell>();
  auto go = std::make_shared<Bell>();
  std::atomic<int> round{0};
  std::atomic<int> left{0};
  std::atomic<bool> end{false};
  std::thread worker([&] {
    for (int i = 1; i <= kRounds; ++i) {
      while (round.load() < i && !end) std::this_thread::yield();
      if (end) return;
      jobs.leave();
      left.store(i);
    }
  });
  for (int i = 1; i <= kRounds; ++i) {
    jobs.enter(1);
    round.store(i);
    jobs.watch(bell);
    const bool idle = bell->wait([&] { return jobs.idle(); });
    jobs.unwatch(*bell);
    if (!idle) end = true;
    ASSERT_TRUE(idle || (worker.join(), false)) << "in round " << i;
    while (left.load() < i) std::this_thread::yield();
  }
  worker.join();
}

TEST(PartitionJobsTable, AreOnePerGroupAndPartition) {
  PartitionJobsTable table;
  const TopicPartition partition{"events", {3}};
  EXPECT_EQ(table.of("a", partition), table.of("a", partition));
  EXPECT_NE(table.of("a", partition), table.of("b", partition));
  EXPECT_NE(table.of("a", partition), table.of("a", {"events", {4}}));
  EXPECT_NE(table.of("a", partition), table.of("a", {"other", {3}}));
}

TEST(PartitionJobsTable, GenerationsGrow) {
  PartitionJobsTable table;
  const Generation first = table.next_generation();
  EXPECT_GT(first.value, 0U);
  EXPECT_LT(first, table.next_generation());
}

}  // namespace
}  // namespace braid::engine
