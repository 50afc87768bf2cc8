// What uses retries up, in both flows.

#include "unit/engine/listener/recovery_world.hpp"

#include <braid/recovery.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::Numbers;

class RecoveryCounts : public test_support::RecoveryTest {
 protected:
  static void three_retries(routing::Topic& topic) { topic.retries = {.max = 3, .backoff = fixed(10ms)}; }
  void retry_until_quiet() {
    for (std::size_t before = 0; before != attempts.size();) {
      before = attempts.size();
      world().advance(10ms);
      run();
    }
  }
  // Each message fails so often, and says that it is the one.
  std::function<void(Batch&)> each_fails(int times) {
    return [this, times](Batch& batch) {
      for (const Message& message : batch) {
        if (failures[message.offset().value]++ < times) throw MessageFailed(message, "not yet");
        batch.mark(message);
      }
    };
  }
  std::map<std::int64_t, int> failures;
};

INSTANTIATE_TEST_SUITE_P(Flows, RecoveryCounts, testing::Values(routing::Flow::batch, routing::Flow::continuous));

TEST_P(RecoveryCounts, NoMessageUsesUpTheRetriesOfTheOneBehindIt) {
  make(each_fails(3), three_retries);
  process(0, 3);
  retry_until_quiet();
  EXPECT_TRUE(letters().empty()) << "each passed with its last retry";
  EXPECT_EQ(world().position(), 4);
}

TEST_P(RecoveryCounts, EachMessageGetsAsManyRetriesAsItMay) {
  make(each_fails(4), three_retries);
  process(0, 1);
  retry_until_quiet();
  ASSERT_EQ(letters(), std::vector<std::string>{"0"});
  EXPECT_EQ(failures[0], 4);
  acknowledge(0);
  retry_until_quiet();
  ASSERT_EQ(letters(), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(failures[1], 4);
}

TEST_P(RecoveryCounts, WhatFailsBehindDoneOnesHasBeenTriedOnce) {
  make(each_fails(1), three_retries);
  failures[0] = 1;
  failures[1] = 1;
  process(0, 2);
  retry_until_quiet();
  EXPECT_EQ(attempts, (std::vector<Numbers>{{0, 1, 2}, {2}}));
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 2})) << "the second attempt at the third message";
}

TEST_P(RecoveryCounts, AskingForAnotherAttemptUsesNoRetryUp) {
  int asked = 0;
  make(
      [&](Batch& batch) {
        if (++asked <= 10) {
          batch.retry_after(10ms);
          return;
        }
        if (asked <= 13) throw MessageFailed(batch.front(), "not yet");
      },
      three_retries);
  process(0, 0);
  retry_until_quiet();
  EXPECT_TRUE(letters().empty());
  EXPECT_EQ(asked, 14);
  EXPECT_EQ(world().position(), 1);
}

TEST_P(RecoveryCounts, AStopDoesNotWaitForLetters) {
  make(
      [&](Batch& batch) {
        batch.dead_letter(batch.front(), "bad");
        throw MessageFailed(batch.back(), "for good");
      },
      [](routing::Topic& topic) { topic.on_exhausted = routing::OnExhausted::stop; });
  process(0, 3);
  EXPECT_EQ(world().fatal.size(), 1U);
}

}  // namespace
}  // namespace braid::engine
