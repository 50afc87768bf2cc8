// `on_exhausted: park`, in both flows: a message stays open, and what is behind it goes on.

#include "unit/engine/listener/recovery_world.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::Numbers;

class Parked : public test_support::RecoveryTest {
 protected:
  void park(std::set<std::int64_t> poison, const std::function<void(routing::Topic&)>& tune = {}) {
    make(
        [poison = std::move(poison)](Batch& batch) {
          for (const Message& message : batch) {
            if (poison.contains(message.offset().value)) throw MessageFailed(message, "poison");
            batch.mark(message);
          }
        },
        [&](routing::Topic& topic) {
          topic.on_exhausted = routing::OnExhausted::park;
          if (tune) tune(topic);
        });
  }
  [[nodiscard]] std::string metadata() { return world().the().runner->metadata(1000); }
};

INSTANTIATE_TEST_SUITE_P(Flows, Parked, testing::Values(routing::Flow::batch, routing::Flow::continuous));

TEST_P(Parked, StaysOpenAndWhatIsBehindItIsCommittedAsGaps) {
  park({3});
  process(0, 9);
  process(10, 19);
  EXPECT_EQ(attempts.back().back(), 19);
  EXPECT_EQ(world().position(), 3);
  EXPECT_EQ(counters().messages_parked, 1U);
  EXPECT_TRUE(letters().empty());
  const std::string with = metadata();
  EXPECT_FALSE(with.empty());
  process(20, 29);
  EXPECT_EQ(world().position(), 3);
  EXPECT_NE(metadata(), with) << "what is behind it is told";
  EXPECT_EQ(counters().messages_done, 29U);
}

TEST_P(Parked, TheOldestGoesToDeadLettersWhereThereIsNoRoom) {
  park({1, 3, 5}, [](routing::Topic& topic) { topic.max_parked = 2; });
  process(0, 9);
  ASSERT_EQ(letters(), std::vector<std::string>{"1"});
  EXPECT_EQ(counters().messages_parked, 2U);
  EXPECT_EQ(world().position(), 1) << "not before it is acknowledged";
  acknowledge(0);
  EXPECT_EQ(world().position(), 3);
  EXPECT_EQ(counters().dead_letters, 1U);
}

TEST_P(Parked, TheWindowBoundsThemToo) {
  park({1}, [](routing::Topic& topic) { topic.max_window = 40; });
  for (std::int64_t first = 0; first < 30; first += 10) process(first, first + 9);
  EXPECT_TRUE(letters().empty());
  process(30, 39);
  world().advance(1ms);
  ASSERT_EQ(letters(), std::vector<std::string>{"1"});
  refuse(0);
  EXPECT_EQ(world().position(), 1);
  world().advance(60s);
  acknowledge(1);
  EXPECT_EQ(world().position(), 40);
}

TEST_P(Parked, IsNotDeliveredAgainAndEndsWithItsAssignment) {
  park({0});
  process(0, 3);
  EXPECT_EQ(attempts, (std::vector<Numbers>{{0, 1, 2, 3}, {1, 2, 3}}));
  world().end();
  EXPECT_EQ(world().position(), 0) << "its next owner gets it again";
  world().the().runner.reset();
  EXPECT_EQ(counters().messages_parked, 0U);
}

// No commit ever tells of it; whoever waits for one would wait for ever.
TEST_P(Parked, WhatWaitsForCommitsDoesNotWaitForIt) {
  test_support::CommitWorld world({.when = routing::Commit::When::after_batch, .sync = true}, GetParam(), 1,
                                  [](routing::Topic& topic) {
                                    topic.max_messages = 2;
                                    topic.retries.max = 0;
                                    topic.dead_letters = {.to = routing::DeadLetters::To::topic, .topic = "dlq"};
                                    topic.on_exhausted = routing::OnExhausted::park;
                                  });
  Numbers begun;
  world.world.script.consume = [&](Batch& batch) {
    for (const Message& message : batch) {
      begun.push_back(message.offset().value);
      if (message.offset().value == 1) throw MessageFailed(message, "poison");
      batch.mark(message);
    }
  };
  world.deliver(0, 3);
  for (int i = 0; i < 50; ++i) world.run();
  EXPECT_EQ(begun, (Numbers{0, 1}));
  world.answer();
  for (int i = 0; i < 50; ++i) world.run();
  EXPECT_EQ(begun, (Numbers{0, 1, 2, 3}));
}

// A message is its key, its payload and some 300 bytes of headers.
TEST_P(Parked, LargeOnesGoToDeadLettersBeforeTheyAreMany) {
  park({1, 3, 5, 7}, [](routing::Topic& topic) { topic.max_bytes = 4 * 1024; });
  process(0, 9);
  EXPECT_FALSE(letters().empty());
  EXPECT_LT(counters().messages_parked, 4U);
  EXPECT_EQ(letters().size() + counters().messages_parked, 4U);
}

TEST_P(Parked, WhereLettersPileUpAMessageWaitsForItsOwn) {
  park({1, 3, 5, 7, 9}, [](routing::Topic& topic) { topic.max_parked = 1; });
  process(0, 9);
  ASSERT_EQ(letters(), (std::vector<std::string>{"1", "3", "7"}))
      << "5 is parked, and 7 is not: two are on their way";
  EXPECT_EQ(world().position(), 1);
  EXPECT_EQ(attempts.back().back(), 9);
  for (std::size_t i = 0; i < 3; ++i) acknowledge(i);
  ASSERT_EQ(letters().size(), 4U) << "the share has gone on, and 9 has taken the place of 5";
  EXPECT_EQ(world().position(), 5);
  acknowledge(3);
  EXPECT_EQ(world().position(), 9);
  EXPECT_EQ(counters().messages_parked, 1U);
}

}  // namespace
}  // namespace braid::engine
