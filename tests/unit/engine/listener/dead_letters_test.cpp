// What a dead letter says, and the user code that is asked about it; at most once.

#include "unit/engine/listener/recovery_world.hpp"

#include <braid/recovery.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::fails_at;
using test_support::Numbers;
namespace names = dead_letter_headers;

class DeadLetters : public test_support::RecoveryTest {};

INSTANTIATE_TEST_SUITE_P(Flows, DeadLetters, testing::Values(routing::Flow::batch, routing::Flow::continuous));

TEST_P(DeadLetters, TellWhereTheyAreFromAndWhy) {
  make([](Batch&) -> void { throw std::runtime_error(std::string(999, 'x') + "\u20ac"); },
       [](routing::Topic& topic) { topic.retries = {.max = 1, .backoff = fixed(1ms)}; });
  process(0, 0);
  world().advance(1ms);
  run();
  ASSERT_EQ(letters().size(), 1U);
  const auto& sent = world().letters.sent[0];
  EXPECT_EQ(sent.letter.topic, "dlq");
  EXPECT_EQ(sent.original, PartitionNumber{0});
  EXPECT_EQ(sent.letter.key, std::nullopt) << "a null key stays one";
  EXPECT_EQ(sent.letter.payload, std::nullopt) << "and so does a tombstone";
  EXPECT_EQ(sent.header(names::kTopic), "events");
  EXPECT_EQ(sent.header(names::kPartition), "0");
  EXPECT_EQ(sent.header(names::kOffset), "0");
  EXPECT_EQ(sent.header(names::kTimestamp), "0");
  EXPECT_EQ(sent.header(names::kGroup), "group");
  EXPECT_EQ(sent.header(names::kAttempts), "2");
  EXPECT_EQ(sent.header(names::kErrorType), "std::runtime_error");
  EXPECT_EQ(sent.header(names::kErrorText), std::string(999, 'x')) << "cut between characters";
  EXPECT_GT(std::stoll(*sent.header(names::kFirstFailure)), 1'600'000'000'000);
  EXPECT_GE(std::stoll(*sent.header(names::kLastFailure)), std::stoll(*sent.header(names::kFirstFailure)));
}

TEST_P(DeadLetters, AFunctionThatCannotSayWhereIsAskedAgainAndTheMessageIsNotProcessedAgain) {
  int asked = 0;
  make(fails_at(1), [&](routing::Topic& topic) {
    topic.retries.backoff = fixed(20ms);
    topic.dead_letters = {.to = routing::DeadLetters::To::function, .topic_of = [&](const Message&) -> std::string {
                            if (++asked == 1) throw std::runtime_error("not yet");
                            return asked == 2 ? "" : "found";
                          }};
  });
  process(0, 2);
  EXPECT_EQ(asked, 1);
  const std::size_t before = attempts.size();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(world().position(), 1);
    world().advance(20ms);
    run();
  }
  ASSERT_EQ(letters(), std::vector<std::string>{"1"});
  EXPECT_EQ(attempts.size(), before);
  EXPECT_EQ(world().letters.sent[0].letter.topic, "found");
  acknowledge(0);
  EXPECT_EQ(world().position(), 3);
}

TEST_P(DeadLetters, AHookMayChangeThemAndOneThatThrowsChangesNothing) {
  int called = 0;
  make(fails_at(0), [&](routing::Topic& topic) {
    topic.dead_letters.on_dead_letter = [&](DeadLetter& letter) {
      letter.payload = "changed";
      letter.headers.emplace_back("mine", "1");
      if (++called == 2) throw std::runtime_error("a bad hook");
    };
  });
  process(0, 0);
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(world().letters.sent[0].letter.payload, "changed");
  EXPECT_EQ(world().letters.sent[0].header("mine"), "1");
  refuse(0);
  world().advance(60s);
  EXPECT_EQ(called, 1) << "once for each letter, however often it is sent";
  EXPECT_EQ(world().letters.sent.at(1).letter.payload, "changed");
}

TEST_P(DeadLetters, AStrategyDecidesAndSeesWhatFailed) {
  std::vector<std::string> seen;
  make(fails_at(0), [&](routing::Topic& topic) {
    topic.retries = {.max = 5, .backoff = fixed(10ms)};
    topic.dead_letters.strategy = [&](const Failure& failure) {
      seen.push_back(std::string(failure.text) + "/" + std::to_string(failure.attempt) + "/" +
                     std::to_string(failure.message.offset().value) + (failure.message_known ? "!" : "?"));
      if (failure.attempt == 2) throw std::runtime_error("a bad strategy");
      return failure.attempt == 3 ? routing::Decision::dead_letter : routing::Decision::by_rules;
    };
  });
  process(0, 0);
  for (int i = 0; i < 3; ++i) {
    world().advance(10ms);
    run();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"poison/1/0!", "poison/2/0!", "poison/3/0!"}));
  EXPECT_EQ(letters().size(), 1U);
}

TEST_P(DeadLetters, RetryIfAndABackoffOfTheUsersAreAskedAndGuarded) {
  make(fails_at(0), [](routing::Topic& topic) {
    topic.retries.max = 2;
    topic.retries.backoff = backoff([](std::uint32_t attempt, const std::exception_ptr& error) {
      EXPECT_NE(error, nullptr);
      if (attempt == 1) throw 1;
      return 30ms;
    });
    topic.retries.backoff.initial = 10ms;
    topic.retries.retry_if = [](const std::exception_ptr&) -> bool { throw 2; };
  });
  process(0, 0);
  world().advance(10ms);
  run();
  EXPECT_EQ(attempts.size(), 2U) << "its pause is the initial one";
  world().advance(29ms);
  run();
  EXPECT_EQ(attempts.size(), 2U);
  world().advance(1ms);
  run();
  EXPECT_EQ(attempts.size(), 3U) << "it counts as true";
  EXPECT_EQ(letters().size(), 1U);
}

TEST_P(DeadLetters, AnErrorThatIsNotWorthARetryGoesAtOnce) {
  make(fails_at(0), [](routing::Topic& topic) {
    topic.retries.max = 5;
    topic.retries.retry_if = [](const std::exception_ptr&) { return false; };
  });
  process(0, 0);
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_EQ(letters().size(), 1U);
}

TEST_P(DeadLetters, AMessageThatSaysSoItselfIsNotTriedAgain) {
  class Hopeless final : public MessageFailed {
   public:
    using MessageFailed::MessageFailed;
    [[nodiscard]] bool worth_retrying() const noexcept override { return false; }
  };
  make(
      [](Batch& batch) {
        if (batch.front().offset().value == 0) throw Hopeless(batch.front(), "no value");
      },
      [](routing::Topic& topic) { topic.retries.max = 5; });
  process(0, 3);
  EXPECT_EQ(letters(), std::vector<std::string>{"0"});
}

class AtMostOnce : public ::testing::Test {
 protected:
  void make(std::function<void(Batch&)> consume) {
    made_.emplace(routing::Commit{.when = routing::Commit::When::before_processing}, routing::Flow::batch, 1,
                  [](routing::Topic& topic) {
                    topic.dead_letters = {.to = routing::DeadLetters::To::topic, .topic = "dlq"};
                  });
    world().world.script.consume = std::move(consume);
    world().deliver(0, 3);
    world().answer();
    world().run();
  }
  test_support::CommitWorld& world() { return *made_; }

 private:
  std::optional<test_support::CommitWorld> made_;
};

TEST_F(AtMostOnce, AKnownCulpritIsADeadLetterAndTheRestIsDropped) {
  int calls = 0;
  make([&](Batch& batch) {
    ++calls;
    batch.mark(batch[0]);
    throw MessageFailed(batch[2], "bad");
  });
  EXPECT_EQ(world().letters.offsets(), std::vector<std::string>{"2"});
  world().letters.sent[0].answer({});
  for (int i = 0; i < 5; ++i) world().run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(world().world.counters->messages_dropped, 2U);
  EXPECT_EQ(world().world.counters->dead_letters, 1U);
  EXPECT_EQ(world().world.counters->messages_done, 1U);
}

TEST_F(AtMostOnce, AnUnknownCulpritIsDroppedWithTheRest) {
  make([](Batch&) -> void { throw std::runtime_error("one of these"); });
  EXPECT_TRUE(world().letters.sent.empty());
  EXPECT_EQ(world().world.counters->messages_dropped, 4U);
}

}  // namespace
}  // namespace braid::engine
