// Commits of a topic under exactly once: when a transaction ends, and what waits for it.

#include "core/listener/partition_commits.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace braid::core {
namespace {

using namespace std::chrono_literals;

constexpr Time at(std::chrono::milliseconds since) {
  return Time{} + 1h + since;
}

PartitionCommits transactions_of(std::uint32_t batches) {
  return {routing::Commit{}, 1000ms, at(0ms), PartitionCommits::Transactions{batches, 100ms}};
}

CommitContent up_to(std::int64_t position) {
  return CommitContent::of({position});
}

bool due(const PartitionCommits& commits, Time now) {
  return commits.due() && *commits.due() <= now;
}

TEST(PartitionTransactions, ABatchWaitsForTheTransactionOfTheOneBefore) {
  PartitionCommits commits = transactions_of(1);
  EXPECT_TRUE(commits.one_batch_at_a_time());
  ASSERT_TRUE(commits.may_start_batch());
  commits.batch_started();
  commits.batch_settled({9});
  EXPECT_FALSE(commits.may_start_batch());
  ASSERT_TRUE(due(commits, at(1ms)));
  ASSERT_TRUE(commits.worth_sending(up_to(10)));
  commits.sent(1, up_to(10), at(1ms));
  EXPECT_FALSE(commits.may_start_batch());
  commits.acknowledged(1);
  EXPECT_TRUE(commits.may_start_batch());
  EXPECT_TRUE(commits.take_turn_wanted());
  EXPECT_TRUE(commits.clean(up_to(10)));
}

TEST(PartitionTransactions, NothingIsSentWhileABatchRuns) {
  PartitionCommits commits = transactions_of(1);
  commits.batch_started();
  // A part of it is done, which is not to be told without the rest.
  EXPECT_FALSE(commits.worth_sending(up_to(3)));
  commits.batch_settled({9});
  EXPECT_TRUE(commits.worth_sending(up_to(10)));
}

TEST(PartitionTransactions, SeveralBatchesShareOne) {
  PartitionCommits commits = transactions_of(3);
  for (std::int64_t batch = 0; batch < 2; ++batch) {
    commits.batch_started();
    commits.batch_settled({batch});
    EXPECT_TRUE(commits.may_start_batch()) << batch;
    EXPECT_FALSE(due(commits, at(50ms))) << batch;
  }
  commits.batch_started();
  commits.batch_settled({2});
  EXPECT_FALSE(commits.may_start_batch());
  EXPECT_TRUE(due(commits, at(50ms)));
  commits.sent(1, up_to(3), at(50ms));
  commits.acknowledged(1);
  commits.batch_started();
  commits.batch_settled({3});
  EXPECT_TRUE(commits.may_start_batch()) << "they are counted anew";
}

TEST(PartitionTransactions, ItsTimeEndsOneBetweenBatchesToo) {
  PartitionCommits commits = transactions_of(100);
  commits.batch_started();
  commits.batch_settled({0});
  EXPECT_EQ(commits.due(), at(100ms));
  EXPECT_TRUE(commits.worth_sending(up_to(1)));
  commits.sent(1, up_to(1), at(100ms));
  EXPECT_FALSE(commits.may_start_batch()) << "its records would go into the transaction that ends";
  commits.acknowledged(1);
  EXPECT_TRUE(commits.take_turn_wanted());
  EXPECT_TRUE(commits.may_start_batch());
}

TEST(PartitionTransactions, ItsTimeWithinABatchEndsItBehindThat) {
  PartitionCommits commits = transactions_of(100);
  commits.batch_started();
  ASSERT_TRUE(due(commits, at(100ms)));
  ASSERT_FALSE(commits.worth_sending(up_to(0)));
  commits.nothing_to_send(up_to(0), at(100ms));
  commits.batch_settled({0});
  EXPECT_FALSE(commits.may_start_batch());
  EXPECT_TRUE(due(commits, at(110ms)));
}

TEST(PartitionTransactions, AfterOneThatHasFailedNothingStartsAndNothingIsSent) {
  PartitionCommits commits = transactions_of(1);
  commits.batch_started();
  commits.batch_settled({9});
  commits.sent(1, up_to(10), at(1ms));
  commits.failed(1);
  EXPECT_FALSE(commits.may_start_batch());
  EXPECT_FALSE(commits.worth_sending(up_to(10)));
  EXPECT_TRUE(commits.clean(up_to(10))) << "nobody need wait for what will not come";
}

TEST(PartitionTransactions, ABatchThatOverranIsNotCommittedAtTheEnd) {
  PartitionCommits commits = transactions_of(1);
  commits.batch_started();
  commits.end();
  EXPECT_FALSE(commits.worth_sending(up_to(5)));
  EXPECT_TRUE(commits.clean(up_to(5)));
}

TEST(PartitionTransactions, WhatIsOpenAtTheEndIsSentAtOnce) {
  PartitionCommits commits = transactions_of(100);
  commits.batch_started();
  commits.batch_settled({4});
  EXPECT_FALSE(commits.clean(up_to(5)));
  commits.end();
  EXPECT_TRUE(due(commits, at(1ms)));
  EXPECT_TRUE(commits.worth_sending(up_to(5)));
}

TEST(PartitionTransactions, WhereItIsSentToIsCommittedBeforeAnythingRuns) {
  PartitionCommits commits = transactions_of(1);
  commits.request(Offset{41});
  EXPECT_FALSE(commits.may_start_batch());
  commits.sent(1, up_to(42), at(1ms));
  commits.acknowledged(1);
  EXPECT_TRUE(commits.may_start_batch());
}

TEST(PartitionTransactions, WhatIsDoneMayBeWantedSooner) {
  PartitionCommits commits = transactions_of(5);
  commits.batch_started();
  commits.batch_settled({9});
  EXPECT_FALSE(due(commits, at(1ms)));
  commits.hurry();
  EXPECT_TRUE(due(commits, at(1ms)));
  commits.sent(1, up_to(10), at(1ms));
  EXPECT_TRUE(commits.in_flight());
  EXPECT_FALSE(commits.ever_acknowledged());
  commits.acknowledged(1);
  EXPECT_FALSE(commits.in_flight());
  EXPECT_TRUE(commits.ever_acknowledged());
}

}  // namespace
}  // namespace braid::core
