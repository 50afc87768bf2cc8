// What follows a failed attempt, in both flows: retries, windows, dead letters.

#include "unit/engine/listener/recovery_world.hpp"

#include <braid/recovery.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::at;
using test_support::fails_at;
using test_support::Numbers;

class Recovery : public test_support::RecoveryTest {};

INSTANTIATE_TEST_SUITE_P(Flows, Recovery, testing::Values(routing::Flow::batch, routing::Flow::continuous));

TEST_P(Recovery, AnUnknownCulpritIsFoundByTryingItsShareSingly) {
  make(fails_at(50), [](routing::Topic& topic) {
    topic.max_messages = 60;
    topic.retries.max = 1;
    topic.retries.backoff = fixed(100ms);
  });
  process(0, 59);
  EXPECT_EQ(attempts.size(), 1U) << "the first retry waits";
  EXPECT_TRUE(letters().empty());
  world().advance(100ms);
  run();
  EXPECT_TRUE(letters().empty()) << "it has failed alone once";
  EXPECT_EQ(attempts.back(), Numbers{50});
  world().advance(100ms);
  run();
  EXPECT_EQ(letters(), std::vector<std::string>{"50"}) << "exactly that one";
  EXPECT_EQ(world().position(), 50);
  acknowledge(0);
  EXPECT_EQ(world().position(), 60);
  EXPECT_EQ(attempts.back(), Numbers{59}) << "the rest goes on";
  EXPECT_EQ(letters().size(), 1U);
  EXPECT_EQ(counters().dead_letters, 1U);
  EXPECT_EQ(counters().messages_done, 59U);
}

TEST_P(Recovery, ALetterIsDoneWhenItIsAcknowledgedAndNotBefore) {
  make([this](Batch& batch) {
    if (batch.front().offset().value >= 10) return;
    batch.dead_letter(at(batch, 3), "bad");
    batch.mark(batch.back());
    EXPECT_LE(world().position(), 3) << "nor while the call runs";
  });
  process(0, 9);
  world().advance(5000ms);
  EXPECT_EQ(world().position(), 3) << "though all was marked, and the call returned";
  ASSERT_EQ(letters(), std::vector<std::string>{"3"});
  process(10, 19);
  EXPECT_EQ(attempts.size(), 1U) << "its virtual partition waits";
  acknowledge(0);
  EXPECT_GE(world().position(), 10);
  EXPECT_EQ(attempts[1].front(), 10);
}

TEST_P(Recovery, ALetterThatIsNotTakenIsSentAgainUntilItIs) {
  make(fails_at(0), [](routing::Topic& topic) { topic.retries.backoff = fixed(50ms); });
  process(0, 0);
  ASSERT_EQ(letters().size(), 1U);
  for (std::size_t i = 0; i < 30; ++i) {
    refuse(i, "no such topic");
    EXPECT_EQ(letters().size(), i + 1) << "not before its pause is over";
    world().advance(50ms);
    ASSERT_EQ(letters().size(), i + 2);
    EXPECT_EQ(world().position(), 0);
  }
  acknowledge(30);
  EXPECT_EQ(world().position(), 1);
  EXPECT_EQ(counters().dead_letters_failed, 30U);
  EXPECT_EQ(attempts.size(), 1U) << "the message is not processed again for that";
  const auto told = std::ranges::count_if(
      world().warnings(), [](const std::string& line) { return line.find("no such topic") != std::string::npos; });
  EXPECT_EQ(told, 2) << "warned about, but not at each try";
}

TEST_P(Recovery, AnsweringALetterTwiceChangesNothing) {
  make(fails_at(0));
  process(0, 0);
  acknowledge(0);
  acknowledge(0);
  EXPECT_EQ(counters().dead_letters, 1U);
  EXPECT_EQ(world().position(), 1);
}

TEST_P(Recovery, WhatIsSaidOfAMessageHoldsThoughTheCallThrowsBehindIt) {
  bool failed = false;
  make(
      [&](Batch& batch) {
        if (failed) return;
        failed = true;
        batch.skip(at(batch, 2));
        batch.dead_letter(at(batch, 5), "bad");
        throw std::runtime_error("behind it");
      },
      [](routing::Topic& topic) { topic.retries = {.max = 3, .backoff = fixed(50ms)}; });
  process(0, 7);
  ASSERT_EQ(letters(), std::vector<std::string>{"5"});
  EXPECT_EQ(world().position(), 0);
  EXPECT_EQ(counters().messages_skipped, 1U);
  acknowledge(0);
  world().advance(50ms);
  run();
  const std::vector<Numbers> expected{{0, 1, 2, 3, 4, 5, 6, 7}, {0, 1}, {3, 4}, {6, 7}};
  EXPECT_EQ(attempts, expected) << "what was given up is not delivered again";
  EXPECT_EQ(world().position(), 8);
  EXPECT_EQ(counters().messages_done, 6U);
}

TEST_P(Recovery, AnExceptionThatNamesItsMessageNeedsNoSearch) {
  make([](Batch& batch) {
    for (const Message& message : batch) {
      if (message.offset().value % 4 == 3) throw MessageFailed(message, "every fourth");
    }
  });
  process(0, 9);
  ASSERT_EQ(letters(), std::vector<std::string>{"3"});
  acknowledge(0);
  ASSERT_EQ(letters(), (std::vector<std::string>{"3", "7"}));
  acknowledge(1);
  const std::vector<Numbers> expected{
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {0, 1, 2}, {4, 5, 6, 7, 8, 9}, {4, 5, 6}, {8, 9}};
  EXPECT_EQ(attempts, expected);
  EXPECT_EQ(world().position(), 10);
}

TEST_P(Recovery, AnExceptionThatNamesAForeignMessageIsLikeAnyOther) {
  make([](Batch& batch) {
    if (batch.size() > 1) throw MessageFailed(Offset{77}, "not here");
  });
  process(0, 3);
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(attempts.size(), 5U);
  EXPECT_EQ(world().position(), 4);
}

TEST_P(Recovery, AttemptsCountForTheFirstUnfinishedMessageAndStartAnewWhenItMoves) {
  make(
      [](Batch& batch) {
        if (batch.attempt() < 3) throw std::runtime_error("twice for each");
        batch.mark(batch.front());
        if (batch.size() > 1) throw std::runtime_error("the rest");
      },
      [](routing::Topic& topic) { topic.retries = {.max = 2, .backoff = fixed(10ms)}; });
  world().deliver(0, 2);
  for (int i = 0; i < 20; ++i) {
    run();
    world().advance(10ms);
  }
  EXPECT_TRUE(letters().empty()) << "none has failed three times";
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 2, 3, 2, 3, 2, 3}))
      << "what fails behind a message that is done was tried with it";
  EXPECT_EQ(world().position(), 3);
}

TEST_P(Recovery, RetryAfterIsObeyedAlsoWhenTheCallReturns) {
  make([](Batch& batch) {
    if (batch.attempt() == 1) batch.retry_after(700ms);
  });
  process(0, 3);
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_EQ(world().position(), 0);
  world().advance(699ms);
  run();
  EXPECT_EQ(attempts.size(), 1U);
  world().advance(1ms);
  run();
  EXPECT_EQ(attempts.size(), 2U);
  EXPECT_EQ(world().position(), 4);
  EXPECT_EQ(counters().attempts_failed, 0U);
  EXPECT_EQ(counters().retries, 1U);
}

TEST_P(Recovery, TheBackoffGrowsAndIsTheTopics) {
  make(fails_at(0),
       [](routing::Topic& topic) { topic.retries = {.max = 2, .backoff = exponential(100ms, 10s, 3.0, 0.0)}; });
  process(0, 0);
  for (const auto pause : {100ms, 300ms}) {
    const std::size_t before = attempts.size();
    world().advance(pause - 1ms);
    run();
    EXPECT_EQ(attempts.size(), before);
    world().advance(1ms);
    run();
    EXPECT_EQ(attempts.size(), before + 1);
  }
  EXPECT_EQ(letters().size(), 1U);
}

TEST_P(Recovery, TimeUsesRetriesUp) {
  make(fails_at(0), [](routing::Topic& topic) {
    topic.retries = {.max = unlimited, .backoff = fixed(100ms), .max_elapsed = 250ms};
  });
  process(0, 0);
  for (int i = 0; i < 10; ++i) {
    world().advance(100ms);
    run();
  }
  EXPECT_EQ(attempts.size(), 4U);
  EXPECT_EQ(letters().size(), 1U);
}

TEST_P(Recovery, WhatCannotBeMadeIsNoMessagesFault) {
  int made = 0;
  make(fails_at(-1), [&](routing::Topic& topic) {
    topic.retries.backoff = fixed(10ms);
    topic.consumer = [&made, inner = topic.consumer]() -> std::unique_ptr<Consumer> {
      if (++made < 5) throw std::runtime_error("no connection to the store");
      return inner();
    };
  });
  process(0, 0);
  for (int i = 0; i < 4; ++i) {
    world().advance(10ms);
    run();
  }
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_EQ(world().position(), 1);
}

TEST_P(Recovery, NothingIsSentOnceTheAssignmentEnds) {
  make(fails_at(5));
  process(0, 9);
  // Tried singly by now, up to the poison.
  ASSERT_EQ(letters(), std::vector<std::string>{"5"});
  world().letters.sent[0].answer(Error(Error::Kind::other, "not now"));
  world().end();
  world().advance(60s);
  EXPECT_EQ(letters().size(), 1U);
  ASSERT_FALSE(world().store.sent.empty());
  EXPECT_EQ(world().store.sent.back().second, 5) << "the last commit";
}

TEST_P(Recovery, WithoutDeadLettersEverythingIsTriedForEver) {
  make(fails_at(0), [](routing::Topic& topic) {
    topic.dead_letters = {};
    topic.retries = {.backoff = fixed(10ms)};
  });
  process(0, 0);
  for (int i = 0; i < 50; ++i) {
    world().advance(10ms);
    run();
  }
  EXPECT_EQ(attempts.size(), 51U);
  EXPECT_EQ(numbers.back(), 51U);
  EXPECT_EQ(world().position(), 0);
}

TEST_P(Recovery, OnExhaustedSkipCountsAndGoesOn) {
  make(fails_at(1), [](routing::Topic& topic) {
    topic.dead_letters = {};
    topic.on_exhausted = routing::OnExhausted::skip;
  });
  process(0, 3);
  EXPECT_EQ(counters().messages_skipped, 1U);
  EXPECT_EQ(world().position(), 4);
  EXPECT_TRUE(letters().empty());
}

TEST_P(Recovery, DiscardedLettersAreCountedAndSkipped) {
  make(fails_at(1), [](routing::Topic& topic) { topic.dead_letters.to = routing::DeadLetters::To::discarded; });
  process(0, 3);
  EXPECT_EQ(counters().dead_letters, 1U);
  EXPECT_EQ(world().position(), 4);
  EXPECT_TRUE(letters().empty());
}

TEST_P(Recovery, OnExhaustedStopTellsTheApplicationWhyAndTriesNothingMore) {
  make(fails_at(1), [](routing::Topic& topic) {
    topic.dead_letters = {};
    topic.on_exhausted = routing::OnExhausted::stop;
  });
  process(0, 3);
  world().advance(60s);
  run();
  ASSERT_EQ(world().fatal.size(), 1U);
  EXPECT_NE(world().fatal[0].find("poison"), std::string::npos);
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_EQ(world().position(), 0);
}

TEST_P(Recovery, ManualMarksDoNotCoverWhatIsOnItsWayToDeadLetters) {
  make(
      [](Batch& batch) {
        batch.dead_letter(at(batch, 2), "bad");
        batch.mark(batch.back());
      },
      [](routing::Topic& topic) { topic.offsets = routing::Offsets::manual; });
  process(0, 5);
  EXPECT_EQ(world().position(), 2);
  acknowledge(0);
  EXPECT_EQ(world().position(), 6);
}

TEST_P(Recovery, UnderManualOffsetsWhatIsGivenUpIsDoneAndTheRestIsNot) {
  make(
      [](Batch& batch) {
        if (batch.front().offset().value == 0) batch.skip(batch.front());
      },
      [](routing::Topic& topic) { topic.offsets = routing::Offsets::manual; });
  process(0, 5);
  EXPECT_EQ(attempts, (std::vector<Numbers>{{0, 1, 2, 3, 4, 5}}));
  EXPECT_EQ(world().position(), 1);
}

TEST_P(Recovery, ExplicitOutcomesAreForUnfinishedMessagesOfTheBatchAndOnce) {
  int refused = 0;
  const auto refuses = [&](const std::function<void()>& call) {
    try {
      call();
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  };
  make([&](Batch& batch) {
    const Message foreign(Message::Parts{.offset = Offset{99}});
    refuses([&] { batch.skip(foreign); });
    batch.mark(at(batch, 1));
    refuses([&] { batch.dead_letter(at(batch, 1), "too late"); });
    batch.skip(at(batch, 2));
    refuses([&] { batch.dead_letter(at(batch, 2), "twice"); });
    refuses([&] { batch.retry_after(-1ms); });
  });
  process(0, 3);
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(world().position(), 4);
}

TEST_P(Recovery, ALetterWithoutAnywhereToGoIsRefusedToTheUser) {
  make([](Batch& batch) { EXPECT_THROW(batch.dead_letter(batch.front(), "bad"), std::logic_error); },
       [](routing::Topic& topic) { topic.dead_letters = {}; });
  process(0, 0);
  EXPECT_EQ(world().position(), 1);
}

}  // namespace
}  // namespace braid::engine
