// `on_failure: collapse`: what a batch has left goes on as one share.

#include "unit/engine/listener/commit_world.hpp"

#include <braid/recovery.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using Numbers = std::vector<std::int64_t>;

// Batches of 12 messages over 3 virtual partitions, by offset modulo 3.
class Collapse : public ::testing::Test {
 protected:
  struct Attempt {
    Numbers offsets;
    std::uint32_t index = 0;
    std::uint32_t attempt = 0;
    bool collapsed = false;
    bool operator==(const Attempt&) const = default;
  };
  void make(std::function<void(Batch&)> consume, const std::function<void(routing::Topic&)>& tune = {},
            routing::Commit policy = {}) {
    made_.emplace(policy, routing::Flow::batch, 3, [&](routing::Topic& topic) {
      topic.max_messages = 12;
      topic.on_failure = routing::OnFailure::collapse;
      topic.retries = {.max = 1, .backoff = fixed(100ms)};
      topic.dead_letters = {.to = routing::DeadLetters::To::topic, .topic = "dlq"};
      topic.virtual_partitions.by.kind = routing::PartitionBy::Kind::round_robin;
      if (tune) tune(topic);
    });
    world().world.script.consume = [this, consume = std::move(consume)](Batch& batch) {
      Attempt& attempt = attempts.emplace_back();
      for (const Message& message : batch) attempt.offsets.push_back(message.offset().value);
      attempt.index = batch.virtual_partition().index().value;
      attempt.attempt = batch.attempt();
      attempt.collapsed = batch.collapsed();
      consume(batch);
    };
  }
  void run() {
    for (int i = 0; i < 100; ++i) world().run();
  }
  CommitWorld& world() { return *made_; }
  std::vector<Attempt> attempts;

 private:
  std::optional<CommitWorld> made_;
};

TEST_F(Collapse, WhatIsLeftOfABatchIsOneShareInTheOrderOfOffsets) {
  bool mended = false;
  make([&](Batch& batch) {
    if (mended) return;
    if (batch.front().offset().value % 3 == 2) return;  // one of three is fine
    batch.mark(batch.front());
    throw std::runtime_error("the store is away");
  });
  world().deliver(0, 11);
  run();
  ASSERT_EQ(attempts.size(), 3U);
  mended = true;
  world().advance(99ms);
  run();
  ASSERT_EQ(attempts.size(), 3U);
  world().advance(1ms);
  run();
  ASSERT_EQ(attempts.size(), 4U);
  EXPECT_TRUE(attempts[3].collapsed);
  EXPECT_EQ(attempts[3].index, 0U) << "the consumer of virtual partition 0";
  EXPECT_EQ(attempts[3].attempt, 2U) << "its first message has failed behind one that was done";
  std::set<std::int64_t> left;
  for (int i = 0; i < 3; ++i) {
    const Numbers& offsets = attempts[static_cast<std::size_t>(i)].offsets;
    if (offsets.front() % 3 != 2) left.insert(offsets.begin() + 1, offsets.end());
  }
  EXPECT_EQ(attempts[3].offsets, Numbers(left.begin(), left.end()));
  EXPECT_EQ(world().position(), 12);
  EXPECT_EQ(world().world.counters->messages_done, 12U);
  world().deliver(12, 23);
  run();
  ASSERT_EQ(attempts.size(), 7U);
  EXPECT_FALSE(attempts[6].collapsed) << "the failed batch is behind";
}

TEST_F(Collapse, TheOthersFinishFirst) {
  make([&](Batch& batch) {
    if (batch.front().offset().value % 3 == 0 && !batch.collapsed()) throw std::runtime_error("now");
  });
  world().deliver(0, 11);
  ASSERT_TRUE(world().pool->run_one());
  world().turn();
  world().advance(60s);
  EXPECT_EQ(attempts.size(), 1U) << "what failed waits for the others, whatever the time";
  run();
  ASSERT_EQ(attempts.size(), 4U) << "they have told when they were done";
  EXPECT_TRUE(attempts[3].collapsed);
  EXPECT_EQ(world().position(), 12);
}

TEST_F(Collapse, WhoSettlesWhileOthersWaitTellsTheListener) {
  make([&](Batch& batch) {
    if (batch.front().offset().value % 3 == 0 && !batch.collapsed()) throw std::runtime_error("now");
  });
  world().deliver(0, 11);
  ASSERT_TRUE(world().pool->run_one());
  world().turn();
  ASSERT_TRUE(world().pool->run_one());
  const auto mail = world().world.mailbox->take();
  ASSERT_TRUE(mail.has_value()) << "nothing else would make it look before the next sweep";
  Mailbox::settle(*mail);
  run();
}

TEST_F(Collapse, APoisonIsFoundInItToo) {
  make([](Batch& batch) {
    for (const Message& message : batch) {
      if (message.offset().value == 7) throw std::runtime_error("poison");
    }
  });
  world().deliver(0, 11);
  for (int i = 0; i < 10; ++i) {
    run();
    world().advance(100ms);
  }
  ASSERT_EQ(world().letters.offsets(), std::vector<std::string>{"7"});
  EXPECT_EQ(world().position(), 7);
  world().letters.sent[0].answer({});
  run();
  EXPECT_EQ(world().position(), 12);
  EXPECT_EQ(world().world.counters->messages_done, 11U);
}

// What is parked no commit ever tells of; the others of the batch are waited for all the same.
TEST_F(Collapse, CommitsTellOfWhatWasDoneBeforeIt) {
  make(
      [](Batch& batch) {
        for (const Message& message : batch) {
          if (message.offset().value == 9) throw MessageFailed(message, "poison");
          batch.mark(message);
        }
      },
      [](routing::Topic& topic) { topic.on_exhausted = routing::OnExhausted::park; },
      {.when = routing::Commit::When::after_batch, .sync = true});
  world().deliver(0, 11);
  world().deliver(12, 23);
  run();
  world().advance(100ms);
  run();
  EXPECT_EQ(world().world.counters->messages_parked, 1U);
  ASSERT_EQ(attempts.back().offsets, Numbers{9}) << "the next batch waits until all the others are committed";
  world().answer();
  run();
  EXPECT_EQ(attempts.size(), 7U);
}

TEST_F(Collapse, WhatWasGivenUpBeforeIsNotInIt) {
  make([](Batch& batch) {
    if (batch.collapsed()) return;
    if (batch.size() > 2) batch.skip(batch[1]);
    throw std::runtime_error("the rest");
  });
  world().deliver(0, 11);
  run();
  world().advance(100ms);
  run();
  ASSERT_EQ(attempts.size(), 4U);
  EXPECT_EQ(attempts[3].offsets.size(), 9U);
  EXPECT_EQ(attempts[3].attempt, 2U) << "given up is not tried: the rest has failed once";
  EXPECT_EQ(world().position(), 12);
  EXPECT_EQ(world().world.counters->messages_done, 9U);
  EXPECT_EQ(world().world.counters->messages_skipped, 3U);
}

}  // namespace
}  // namespace braid::engine
