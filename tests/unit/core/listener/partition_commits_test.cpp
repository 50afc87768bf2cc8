#include "core/listener/partition_commits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace braid::core {
namespace {

using namespace std::chrono_literals;
using When = routing::Commit::When;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr Time at(std::chrono::milliseconds since) {
  return Time{} + 1h + since;
}

PartitionCommits commits_by(When when, bool sync = false) {
  return {routing::Commit{.when = when, .sync = sync}, 1000ms, at(0ms)};
}

CommitContent up_to(std::int64_t position) {
  return CommitContent::of({position});
}
// Told of everything done, but for what is from `cut` on.
CommitContent with_gaps(std::int64_t position, std::int64_t cut, std::uint64_t revision = 1) {
  return {{position}, {cut}, revision};
}

bool due(const PartitionCommits& commits, Time now) {
  return commits.due() && *commits.due() <= now;
}

// --- when

TEST(PartitionCommits, AnIntervalIsDueAtTheSameMomentsForAll) {
  PartitionCommits early = commits_by(When::interval);
  PartitionCommits late = commits_by(When::interval);
  EXPECT_EQ(early.due(), at(1000ms));
  early.sent(1, up_to(3), at(1000ms));
  late.nothing_to_send(std::nullopt, at(1700ms));
  EXPECT_EQ(early.due(), at(2000ms));
  EXPECT_EQ(late.due(), at(2000ms));
}

struct Case {
  When when;
  bool sync;
  bool due_after_a_batch;
  bool batch_waits;
  bool virtual_partition_waits;
  bool one_batch_at_a_time;
};

class EachPolicy : public testing::TestWithParam<Case> {};

TEST_P(EachPolicy, IsDueAndHoldsBackAsItSays) {
  const Case& policy = GetParam();
  PartitionCommits batches = commits_by(policy.when, policy.sync);
  EXPECT_EQ(batches.one_batch_at_a_time(), policy.one_batch_at_a_time);
  EXPECT_TRUE(batches.may_start_batch());
  batches.batch_settled({9});
  EXPECT_EQ(due(batches, at(0ms)), policy.due_after_a_batch);
  EXPECT_EQ(batches.may_start_batch(), !policy.batch_waits);

  PartitionCommits jobs = commits_by(policy.when, policy.sync);
  jobs.job_settled({2}, {9});
  EXPECT_EQ(jobs.may_run({2}), !policy.virtual_partition_waits);
  EXPECT_TRUE(jobs.may_run({1}));
  EXPECT_TRUE(jobs.may_run({7}));
}

INSTANTIATE_TEST_SUITE_P(PartitionCommits, EachPolicy,
                         testing::Values(Case{When::interval, false, false, false, false, false},
                                         Case{When::after_batch, false, true, false, false, false},
                                         Case{When::after_batch, true, true, true, true, true},
                                         Case{When::each_message, false, true, false, false, false},
                                         Case{When::each_message, true, true, false, true, false},
                                         Case{When::manual, false, false, false, false, false},
                                         Case{When::before_processing, false, false, false, false, true},
                                         Case{When::external, false, false, false, false, false}));

TEST(PartitionCommits, WhatIsStoredIsNotSentAgain) {
  PartitionCommits commits = commits_by(When::interval);
  commits.stored(up_to(5));
  EXPECT_FALSE(commits.worth_sending(up_to(5)));
  EXPECT_TRUE(commits.worth_sending(up_to(6)));
  EXPECT_TRUE(commits.worth_sending(with_gaps(5, 9)));
  commits.sent(1, up_to(6), at(1000ms));
  commits.acknowledged(1);
  EXPECT_FALSE(commits.worth_sending(up_to(6)));
}

TEST(PartitionCommits, AfterAFailureNobodyKnowsWhatIsStored) {
  PartitionCommits commits = commits_by(When::interval);
  commits.stored(up_to(5));
  commits.sent(1, up_to(6), at(1000ms));
  commits.failed(1);
  EXPECT_TRUE(commits.worth_sending(up_to(5)));
  EXPECT_TRUE(commits.worth_sending(up_to(6)));
  EXPECT_TRUE(due(commits, at(1000ms)));
}

TEST(PartitionCommits, AnswersToOtherTokensMeanNothing) {
  PartitionCommits commits = commits_by(When::after_batch, true);
  commits.batch_settled({5});
  commits.sent(1, up_to(6), at(0ms));
  commits.failed(1);
  commits.acknowledged(1);
  EXPECT_FALSE(commits.may_start_batch());
  commits.sent(2, up_to(6), at(0ms));
  commits.acknowledged(1);
  EXPECT_FALSE(commits.may_start_batch());
  commits.acknowledged(2);
  EXPECT_TRUE(commits.may_start_batch());
}

// --- coverage

TEST(PartitionCommits, ABatchWaitsForTheCommitThatCoversIt) {
  PartitionCommits commits = commits_by(When::after_batch, true);
  commits.sent(1, up_to(3), at(0ms));
  commits.batch_settled({5});  // while a commit is on its way that can't tell of it
  commits.acknowledged(1);
  EXPECT_FALSE(commits.may_start_batch());
  EXPECT_TRUE(due(commits, at(0ms)));
  commits.sent(2, up_to(6), at(0ms));
  EXPECT_FALSE(commits.may_start_batch());
  commits.acknowledged(2);
  EXPECT_TRUE(commits.may_start_batch());
}

// The commit on its way was composed before the offset was done: that its metadata reaches so far says nothing.
TEST(PartitionCommits, ACommitSentBeforeDoesNotCoverThoughItReachesFarther) {
  PartitionCommits commits = commits_by(When::each_message, true);
  commits.sent(1, with_gaps(3, 100), at(0ms));
  commits.job_settled({0}, {50});
  commits.acknowledged(1);
  EXPECT_FALSE(commits.may_run({0}));
  EXPECT_THAT(commits.take_released(), IsEmpty());
  commits.sent(2, with_gaps(3, 100, 2), at(0ms));
  commits.acknowledged(2);
  EXPECT_TRUE(commits.may_run({0}));
}

TEST(PartitionCommits, OneCommitServesAllThatWait) {
  PartitionCommits commits = commits_by(When::each_message, true);
  commits.job_settled({0}, {10});
  commits.job_settled({3}, {11});
  commits.job_settled({1}, {14});
  commits.request(7, {11});
  commits.sent(1, with_gaps(10, 100), at(0ms));
  commits.acknowledged(1);
  EXPECT_THAT(commits.take_released(),
              UnorderedElementsAre(VirtualPartitionIndex{0}, VirtualPartitionIndex{3}, VirtualPartitionIndex{1}));
  EXPECT_THAT(commits.take_answered(), ElementsAre(7));
  EXPECT_TRUE(commits.may_run({3}));
}

TEST(PartitionCommits, BeyondTheCutOneWaitsForMoreRoomOrForThePosition) {
  PartitionCommits commits = commits_by(When::each_message, true);
  commits.job_settled({0}, {40});
  commits.job_settled({1}, {60});
  commits.sent(1, with_gaps(3, 50), at(0ms));
  commits.acknowledged(1);
  EXPECT_TRUE(commits.may_run({0}));
  EXPECT_FALSE(commits.may_run({1}));
  EXPECT_FALSE(due(commits, at(0ms)));  // sending the same again would not help
  commits.job_settled({0}, {3});        // but now there is more to tell
  EXPECT_TRUE(due(commits, at(0ms)));
  commits.sent(2, up_to(61), at(0ms));
  commits.acknowledged(2);
  EXPECT_TRUE(commits.may_run({1}));
}

TEST(PartitionCommits, WhatIsStoredAlreadyIsNotWaitedFor) {
  PartitionCommits commits = commits_by(When::after_batch, true);
  commits.stored(up_to(10));
  commits.batch_settled({9});
  EXPECT_TRUE(commits.may_start_batch());
  commits.request(1, {9});
  EXPECT_THAT(commits.take_answered(), ElementsAre(1));
}

TEST(PartitionCommits, WhatIsToldAlreadyIsFoundWhenThereIsNothingToSend) {
  PartitionCommits commits = commits_by(When::manual);
  commits.stored(with_gaps(10, 100));
  commits.request(1, {40});
  EXPECT_THAT(commits.take_answered(), IsEmpty());
  EXPECT_FALSE(commits.worth_sending(with_gaps(10, 100)));
  commits.nothing_to_send(with_gaps(10, 100), at(0ms));
  EXPECT_THAT(commits.take_answered(), ElementsAre(1));
}

TEST(PartitionCommits, AFailedCommitKeepsThemWaiting) {
  PartitionCommits commits = commits_by(When::after_batch, true);
  commits.batch_settled({5});
  commits.request(1, {3});
  commits.sent(1, up_to(6), at(0ms));
  commits.failed(1);
  EXPECT_FALSE(commits.may_start_batch());
  EXPECT_THAT(commits.take_answered(), IsEmpty());
  EXPECT_TRUE(due(commits, at(0ms)));
  commits.sent(2, up_to(6), at(0ms));
  commits.acknowledged(2);
  EXPECT_TRUE(commits.may_start_batch());
  EXPECT_THAT(commits.take_answered(), ElementsAre(1));
}

TEST(PartitionCommits, ARefusedCommitEndsItsRequestsAlone) {
  PartitionCommits commits = commits_by(When::after_batch, true);
  commits.batch_settled({5});
  commits.request(1, {3});
  commits.request(2, {8});
  commits.sent(1, up_to(6), at(0ms));
  EXPECT_THAT(commits.refused(1), ElementsAre(1));
  EXPECT_FALSE(commits.may_start_batch());
  commits.sent(2, up_to(9), at(0ms));
  commits.acknowledged(2);
  EXPECT_THAT(commits.take_answered(), ElementsAre(2));
  EXPECT_TRUE(commits.may_start_batch());
}

// --- before processing

TEST(PartitionCommits, ABatchStartsAfterTheCommitOfItsOwnEnd) {
  PartitionCommits commits = commits_by(When::before_processing);
  commits.stored(up_to(0));
  commits.batch_ready({9});
  EXPECT_TRUE(due(commits, at(0ms)));
  EXPECT_FALSE(commits.may_start_batch());
  commits.sent(1, up_to(10), at(0ms));
  EXPECT_FALSE(commits.may_start_batch());
  commits.acknowledged(1);
  EXPECT_TRUE(commits.may_start_batch());
  commits.batch_settled({9});
  EXPECT_TRUE(commits.may_start_batch());
}

// --- manual

TEST(PartitionCommits, ManualSendsNothingThatWasNotAskedFor) {
  PartitionCommits commits = commits_by(When::manual);
  EXPECT_EQ(commits.due(), std::nullopt);
  commits.batch_settled({9});
  EXPECT_EQ(commits.due(), std::nullopt);
  commits.end();
  EXPECT_EQ(commits.due(), std::nullopt);
  EXPECT_FALSE(commits.worth_sending(up_to(10)));
  EXPECT_TRUE(commits.clean(up_to(10)));
}

TEST(PartitionCommits, ManualIsSilentAgainAfterTheAnswer) {
  PartitionCommits commits = commits_by(When::manual);
  commits.request(1, {4});
  EXPECT_TRUE(due(commits, at(0ms)));
  EXPECT_TRUE(commits.worth_sending(up_to(5)));
  commits.sent(1, up_to(5), at(0ms));
  commits.acknowledged(1);
  EXPECT_FALSE(commits.worth_sending(up_to(9)));
  EXPECT_TRUE(commits.clean(up_to(9)));
}

TEST(PartitionCommits, ManualSendsAtTheEndWhatWasAskedForAndIsNotStored) {
  PartitionCommits commits = commits_by(When::manual);
  commits.request({4});
  commits.sent(1, up_to(5), at(0ms));
  commits.failed(1);
  commits.end();
  EXPECT_TRUE(due(commits, at(0ms)));
  EXPECT_FALSE(commits.clean(up_to(5)));
  commits.sent(2, up_to(5), at(0ms));
  EXPECT_FALSE(commits.clean(up_to(5)));
  commits.acknowledged(2);
  EXPECT_TRUE(commits.clean(up_to(5)));
}

TEST(PartitionCommits, WishesDoNotPileUp) {
  PartitionCommits commits = commits_by(When::manual);
  for (std::int64_t offset = 0; offset < 1000; ++offset) commits.request({offset});
  commits.sent(1, up_to(500), at(0ms));
  commits.acknowledged(1);
  EXPECT_FALSE(commits.clean(up_to(1000)));  // 999 was asked for
  commits.sent(2, up_to(1000), at(0ms));
  commits.acknowledged(2);
  EXPECT_TRUE(commits.clean(up_to(1000)));
}

// --- the end

TEST(PartitionCommits, AtTheEndAllIsDueAtOnceButManual) {
  for (const When when : {When::interval, When::after_batch, When::each_message, When::external}) {
    PartitionCommits commits = commits_by(when);
    commits.stored(up_to(0));
    EXPECT_FALSE(commits.clean(up_to(3)));
    commits.end();
    EXPECT_TRUE(due(commits, at(0ms)));
    commits.sent(1, up_to(3), at(0ms));
    EXPECT_FALSE(commits.clean(up_to(3)));
    commits.acknowledged(1);
    EXPECT_TRUE(commits.clean(up_to(3)));
  }
}

// At most once: a batch whose commit was sent and that does not start after all is given back.
TEST(PartitionCommits, IsNotCleanWhileACommitIsOnItsWay) {
  PartitionCommits commits = commits_by(When::before_processing);
  commits.stored(up_to(5));
  commits.sent(1, up_to(9), at(0ms));
  EXPECT_FALSE(commits.clean(up_to(5)));
  commits.acknowledged(1);
  EXPECT_FALSE(commits.clean(up_to(5)));
  EXPECT_TRUE(commits.worth_sending(up_to(5)));
}

TEST(PartitionCommits, WhoWaitsIsDroppedWithTheAssignment) {
  PartitionCommits commits = commits_by(When::each_message, true);
  commits.job_settled({2}, {5});
  commits.request(1, {6});
  commits.request({6});
  commits.sent(1, up_to(6), at(0ms));
  EXPECT_THAT(commits.drop_waiters(), ElementsAre(1));
  EXPECT_TRUE(commits.may_run({2}));
  commits.acknowledged(1);
  EXPECT_THAT(commits.take_released(), IsEmpty());
  EXPECT_THAT(commits.take_answered(), IsEmpty());
}

}  // namespace
}  // namespace braid::core
