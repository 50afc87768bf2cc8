// The commit policies of `flow: batch`, with a real runner and committer; the test is pool, listener and broker.

#include "unit/engine/listener/commit_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using When = routing::Commit::When;

const Error kRetriable{Error::Kind::timed_out, "no answer", true};
const Error kForGood{Error::Kind::not_authorized, "not for you", false};

TEST(CommitPolicies, IntervalCommitsWithTheInterval) {
  CommitWorld world({.when = When::interval});
  world.deliver(0, 3);
  world.run();
  EXPECT_THAT(world.store.sent, IsEmpty());
  world.advance(1000ms);
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4)));
  world.answer();
  world.advance(5000ms);
  EXPECT_EQ(world.store.sent.size(), 1U);
}

TEST(CommitPolicies, AfterBatchCommitsAtOnceAndWaitsForNothing) {
  CommitWorld world({.when = When::after_batch});
  world.deliver(0, 7);
  world.run();
  EXPECT_EQ(world.consumed.size(), 8U);  // the armed batch started by itself
  EXPECT_EQ(world.store.sent.back().second, 8);
  world.deliver(8, 9);
  world.run();
  EXPECT_EQ(world.consumed.size(), 10U);  // without an answer
  world.answer();
  EXPECT_EQ(world.store.sent.back().second, 10);
}

TEST(CommitPolicies, AfterBatchSyncStartsTheNextAfterTheAcknowledgment) {
  CommitWorld world({.when = When::after_batch, .sync = true});
  world.deliver(0, 11);
  EXPECT_EQ(world.pool->size(), 1U);
  world.run();
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4)));
  EXPECT_EQ(world.pool->size(), 0U);
  world.answer(kRetriable);
  EXPECT_EQ(world.pool->size(), 0U);
  world.advance(50ms);
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4), Pair(2, 4)));
  EXPECT_EQ(world.pool->size(), 0U);
  world.answer();
  EXPECT_EQ(world.pool->size(), 1U);
  EXPECT_THAT(world.consumed, ElementsAre(0, 1, 2, 3));
  world.run();
  EXPECT_EQ(world.store.sent.back().second, 8);
}

TEST(CommitPolicies, BeforeProcessingCommitsTheBatchsEndAndNotThePrefetchedOne) {
  CommitWorld world({.when = When::before_processing});
  world.deliver(0, 3);
  world.deliver(4, 9);
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4)));
  EXPECT_EQ(world.pool->size(), 0U);
  world.answer();
  EXPECT_EQ(world.pool->size(), 1U);
  world.deliver(10, 11);
  world.advance(5000ms);
  EXPECT_EQ(world.store.sent.size(), 1U);  // while the batch runs, nothing of the next one
  world.run();
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4), Pair(2, 8)));
  EXPECT_EQ(world.pool->size(), 0U);
}

TEST(CommitPolicies, BeforeProcessingABatchThatWaitsTakesNoMore) {
  CommitWorld world({.when = When::before_processing});
  world.deliver(0, 1);
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 2)));
  world.deliver(2, 2);
  world.answer();
  world.run();
  EXPECT_THAT(world.consumed, ElementsAre(0, 1));
}

TEST(CommitPolicies, BeforeProcessingDropsWhatFails) {
  CommitWorld world({.when = When::before_processing});
  world.in_consume = [](Batch& batch, const Message& message) {
    if (message.offset() == Offset{2}) throw std::runtime_error("no");
    batch.mark(message);
  };
  world.deliver(0, 3);
  world.answer();
  world.run();
  world.turn();
  EXPECT_EQ(world.world.counters->messages_dropped.load(), 2U);
  EXPECT_EQ(world.world.counters->messages_done.load(), 2U);
  world.advance(1h);
  world.deliver(4, 4);
  world.answer();
  world.run();
  EXPECT_THAT(world.consumed, ElementsAre(0, 1, 2, 4));
}

TEST(CommitPolicies, BeforeProcessingGivesBackWhatHasNotStarted) {
  CommitWorld world({.when = When::before_processing});
  world.deliver(0, 3);
  world.answer();
  world.run();
  world.deliver(4, 7);
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4), Pair(2, 8)));
  world.end();
  EXPECT_FALSE(world.committer.clean(world.the()));
  world.answer();
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4), Pair(2, 8), Pair(3, 4)));
  world.answer();
  EXPECT_TRUE(world.committer.clean(world.the()));
  EXPECT_EQ(world.pool->size(), 0U);
}

TEST(CommitPolicies, ManualCommitsWhatIsAskedForAndNothingAtTheEnd) {
  CommitWorld world({.when = When::manual});
  world.in_consume = [](Batch& batch, const Message& message) {
    batch.mark(message);
    if (message.offset() == Offset{2}) batch.commit_async();
  };
  world.deliver(0, 2);
  world.run();
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 3)));
  world.answer();
  world.deliver(3, 6);
  world.run();
  world.advance(1h);
  world.end();
  EXPECT_TRUE(world.committer.clean(world.the()));
  EXPECT_EQ(world.store.sent.size(), 1U);
}

TEST(CommitPolicies, ManualWhatWasAskedForIsSentAtTheEnd) {
  CommitWorld world({.when = When::manual});
  world.store.open = false;
  world.in_consume = [](Batch& batch, const Message& message) {
    if (message.offset() == Offset{2}) {
      batch.mark(message);
      batch.commit_async();
    }
  };
  world.deliver(0, 2);
  world.run();
  EXPECT_THAT(world.store.sent, IsEmpty());
  world.end();
  EXPECT_FALSE(world.committer.clean(world.the()));
  world.store.open = true;
  world.turn();
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 3)));
  world.answer();
  EXPECT_TRUE(world.committer.clean(world.the()));
}

TEST(CommitPolicies, ACommitIsSentAgainWithThePositionsOfThen) {
  CommitWorld world({.when = When::after_batch});
  world.deliver(0, 3);
  world.run();
  EXPECT_EQ(world.store.sent.back().second, 4);
  world.deliver(4, 7);
  world.run();
  world.answer(kRetriable);
  EXPECT_EQ(world.store.sent.size(), 1U);
  world.advance(50ms);
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4), Pair(2, 8)));
}

// --- continuous

TEST(CommitPolicies, EachMessageSyncTheNextOfAVirtualPartitionWaitsForTheCommitThatCoversIt) {
  CommitWorld world({.when = When::each_message, .sync = true}, routing::Flow::continuous, 2);
  world.deliver(0, 5);  // three for each of them
  ASSERT_EQ(world.pool->size(), 2U);
  world.pool->run_one();
  world.turn();
  ASSERT_EQ(world.store.sent.size(), 1U);
  world.run();  // the other one, while a commit is on its way that can't tell of it
  EXPECT_THAT(world.consumed, testing::UnorderedElementsAre(0, 1));
  EXPECT_EQ(world.pool->size(), 0U);
  world.answer();
  EXPECT_EQ(world.pool->size(), 1U);  // the first one's next
  EXPECT_EQ(world.store.sent.size(), 2U);
  EXPECT_EQ(world.store.sent.back().second, 2);
  world.run();
  EXPECT_EQ(world.consumed.size(), 3U);
  for (int i = 0; i < 10 && world.consumed.size() < 6; ++i) {
    world.answer();
    world.run();
  }
  EXPECT_EQ(world.consumed.size(), 6U);
}

TEST(CommitPolicies, EachMessageSyncNothingIsArmedBehindAJob) {
  CommitWorld world({.when = When::each_message, .sync = true}, routing::Flow::continuous, 1);
  world.deliver(0, 0);
  world.deliver(1, 3);  // while it runs
  world.pool->run_all();
  EXPECT_THAT(world.consumed, ElementsAre(0));
}

TEST(CommitPolicies, EachMessageSyncOneCommitServesAllVirtualPartitions) {
  CommitWorld world({.when = When::each_message, .sync = true}, routing::Flow::continuous, 4);
  world.deliver(0, 7);
  world.pool->run_all();
  world.turn();
  EXPECT_THAT(world.store.sent, ElementsAre(Pair(1, 4)));
  EXPECT_EQ(world.pool->size(), 0U);
  world.answer(kRetriable);
  EXPECT_EQ(world.pool->size(), 0U);
  world.advance(50ms);
  world.answer();
  EXPECT_EQ(world.pool->size(), 4U);
}

TEST(CommitPolicies, EachMessageCommitsAtOnceAndWaitsForNothing) {
  CommitWorld world({.when = When::each_message}, routing::Flow::continuous, 1);
  world.deliver(0, 3);
  for (int i = 0; i < 4; ++i) world.run();
  EXPECT_THAT(world.consumed, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(world.store.sent.size(), 1U);
  world.answer();
  EXPECT_EQ(world.store.sent.back().second, 4);
}

TEST(CommitPolicies, AfterBatchSyncUnderContinuousAJobWaitsForTheOneBefore) {
  CommitWorld world({.when = When::after_batch, .sync = true}, routing::Flow::continuous, 1);
  world.deliver(0, 7);
  world.run();
  const std::size_t first = world.consumed.size();
  EXPECT_LE(first, 4U);
  EXPECT_EQ(world.pool->size(), 0U);
  world.answer();
  world.run();
  EXPECT_GT(world.consumed.size(), first);
}

class Request : public testing::Test {
 protected:
  Request() {
    world_.deliver(0, 3);
    world_.pool->run_all();
    world_.turn();
  }
  CommitRequestPtr ask(std::int64_t through) {
    CommitRequestPtr request(new CommitRequest(world_.world.assignment, {through}, true));
    world_.world.mailbox->post_commit_request(request);
    world_.turn();
    return request;
  }
  bool answered(CommitRequest& request) {
    const auto outcome = request.wait_for(0ms, *world_.pool);
    return outcome.ok() || outcome.error().kind() != Error::Kind::timed_out;
  }
  CommitWorld world_{{.when = When::manual}};
};

TEST_F(Request, IsAnsweredWhenItIsCovered) {
  const auto request = ask(3);
  EXPECT_THAT(world_.store.sent, ElementsAre(Pair(1, 4)));
  EXPECT_FALSE(answered(*request));
  world_.answer();
  EXPECT_TRUE(request->wait_for(0ms, *world_.pool).ok());
}

TEST_F(Request, OneThatCameMeanwhileWaitsForTheNextCommit) {
  world_.deliver(4, 7);
  const auto first = ask(3);
  world_.run();
  const auto second = ask(7);
  world_.answer();
  EXPECT_TRUE(answered(*first));
  EXPECT_FALSE(answered(*second));
  EXPECT_THAT(world_.store.sent, ElementsAre(Pair(1, 4), Pair(2, 8)));
  world_.answer();
  EXPECT_TRUE(second->wait_for(0ms, *world_.pool).ok());
}

TEST_F(Request, ARefusalForGoodIsItsAnswer) {
  const auto request = ask(3);
  world_.answer(kForGood);
  ASSERT_TRUE(answered(*request));
  EXPECT_EQ(request->wait_for(0ms, *world_.pool).error().kind(), Error::Kind::not_authorized);
}

TEST_F(Request, OtherFailuresAreTriedAgain) {
  const auto request = ask(3);
  world_.answer(kRetriable);
  EXPECT_FALSE(answered(*request));
  world_.advance(50ms);
  world_.answer();
  EXPECT_TRUE(request->wait_for(0ms, *world_.pool).ok());
}

TEST_F(Request, TheEndOfTheAssignmentAnswersIt) {
  const auto request = ask(3);
  world_.the().requests.answer_ended();
  ASSERT_TRUE(answered(*request));
  EXPECT_EQ(request->wait_for(0ms, *world_.pool).error().kind(), Error::Kind::closed);
}

TEST_F(Request, AClosedMailboxAnswersIt) {
  world_.world.mailbox->close();
  const CommitRequestPtr request(new CommitRequest(world_.world.assignment, {3}, true));
  world_.world.mailbox->post_commit_request(request);
  ASSERT_TRUE(answered(*request));
  EXPECT_EQ(request->wait_for(0ms, *world_.pool).error().kind(), Error::Kind::closed);
}

TEST_F(Request, TheFirstAnswerCounts) {
  const auto request = ask(3);
  world_.answer();
  request->answer_ended();
  EXPECT_TRUE(request->wait_for(0ms, *world_.pool).ok());
}

}  // namespace
}  // namespace braid::engine
