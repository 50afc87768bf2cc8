// What an offset store records of a batch in a consumer's own transaction.

#include "unit/engine/listener/commit_world.hpp"
#include "unit/engine/worker/hand_sink.hpp"

#include <braid/batch_record.hpp>
#include <braid/offset_store.hpp>
#include <braid/recovery.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;
using Numbers = std::vector<std::int64_t>;
using Ranges = std::vector<OffsetRange>;

OffsetRange range(std::int64_t first, std::int64_t last) {
  return {{first}, {last}};
}

// Batches of 4 messages of one partition whose positions are kept in a store; round robin over the virtual
// partitions.
class BatchRecordTest : public ::testing::Test {
 protected:
  using Consume = std::function<void(Batch&)>;

  void make(Consume consume, std::uint32_t virtual_partitions = 1,
            const std::function<void(routing::Topic&)>& tune = {}) {
    made_.emplace(routing::Commit{.when = routing::Commit::When::external}, routing::Flow::batch,
                  virtual_partitions, [&](routing::Topic& topic) {
                    topic.offset_store = store;
                    topic.retries.max = 3;
                    topic.dead_letters = {.to = routing::DeadLetters::To::topic, .topic = "dlq"};
                    topic.virtual_partitions.by.kind = routing::PartitionBy::Kind::round_robin;
                    if (tune) tune(topic);
                  });
    world().world.script.consume = [this, consume = std::move(consume)](Batch& batch) {
      Numbers& attempt = attempts.emplace_back();
      for (const Message& message : batch) attempt.push_back(message.offset().value);
      consume(batch);
    };
    world().world.assignment->begin_in_store({.store = &world().store, .epoch = open()});
  }
  std::uint64_t open() { return store->open("group", std::span(&here, 1)).value().front().epoch; }
  void run() {
    for (int i = 0; i < 50; ++i) {
      world().run();
      world().advance(100ms);
    }
  }
  CommitWorld& world() { return *made_; }
  [[nodiscard]] Ranges recorded() const { return store->recorded("group", here); }

  const OffsetStore::Partition here{"events", {0}};
  std::shared_ptr<InMemoryOffsetStore> store = std::make_shared<InMemoryOffsetStore>();
  std::shared_ptr<test_support::HandSink> sink = std::make_shared<test_support::HandSink>();
  std::vector<Numbers> attempts;

 private:
  std::optional<CommitWorld> made_;
};

TEST_F(BatchRecordTest, AShareRecordsItsOwnMessagesAlone) {
  make([this](Batch& batch) { store->save(batch); }, 2);
  world().deliver(0, 3);
  world().pool->run_one();
  EXPECT_EQ(recorded(), (Ranges{range(0, 0), range(2, 2)}));
  world().pool->run_one();
  EXPECT_EQ(recorded(), (Ranges{range(0, 0), range(1, 1), range(2, 2), range(3, 3)}));
}

TEST_F(BatchRecordTest, WhatIsMarkedWasRecordedBefore) {
  make([this](Batch& batch) {
    batch.mark(batch[1]);
    BatchRecord record(*store, batch);
    EXPECT_EQ(Ranges(record.done().begin(), record.done().end()), Ranges{range(2, 3)});
    EXPECT_FALSE(record.in_doubt());
  });
  world().deliver(0, 3);
  run();
  EXPECT_EQ(attempts.size(), 1U);
}

// The store is asked for it with the next position. What is said by hand is taken at its word.
TEST_F(BatchRecordTest, AnAttemptThatEndsWellClaimsWhatItHasRecorded) {
  make([this](Batch& batch) {
    store->save(batch);
    batch.mark(batch[0]);
    batch.skip(batch[2]);
  });
  world().deliver(0, 3);
  world().pool->run_one();
  EXPECT_EQ(world().world.assignment->claims().take(), (Ranges{range(1, 1), range(3, 3)}));
}

TEST_F(BatchRecordTest, AnAttemptThatFailsClaimsNothing) {
  make([this](Batch& batch) {
    store->save(batch);
    throw std::runtime_error("rolled back");
  });
  world().deliver(0, 3);
  world().pool->run_one();
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_EQ(world().world.assignment->claims().take(), Ranges{});
}

// Returning says nothing there.
TEST_F(BatchRecordTest, ByHandNothingIsClaimed) {
  make([this](Batch& batch) { store->save(batch); }, 1,
       [](routing::Topic& topic) { topic.offsets = routing::Offsets::manual; });
  world().deliver(0, 3);
  world().pool->run_one();
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_EQ(world().world.assignment->claims().take(), Ranges{});
}

// They are done when the broker has them, which no transaction of the consumer's can know.
TEST_F(BatchRecordTest, WhatGoesToDeadLettersIsNotRecorded) {
  make([this](Batch& batch) {
    if (batch.front().offset().value == 0) {
      batch.skip(batch[0]);
      batch.dead_letter(batch[1], "bad");
    }
    store->save(batch);
  });
  world().deliver(0, 3);
  world().pool->run_one();
  EXPECT_EQ(recorded(), (Ranges{range(0, 0), range(2, 3)}));
}

TEST_F(BatchRecordTest, WhatWasRecordedIsNotGivenToDeadLetters) {
  make([this](Batch& batch) {
    store->save(batch);
    EXPECT_THROW(batch.dead_letter(batch[1], "bad"), std::logic_error);
  });
  world().deliver(0, 3);
  run();
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_TRUE(world().letters.sent.empty());
}

// Whoever finds it recorded does not produce it again, and it may never have arrived.
TEST_F(BatchRecordTest, AnAttemptThatHasProducedRecordsNothing) {
  make([this](Batch& batch) {
    ASSERT_TRUE(batch.produce({.topic = "out", .payload = "1"}, batch[0]).ok());
    EXPECT_THROW(store->save(batch), std::logic_error);
  });
  sink->at_once = true;  // which is nothing to rely on
  world().world.recovery->records = sink;
  world().deliver(0, 3);
  run();
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_EQ(sink->sent.size(), 1U);
  EXPECT_EQ(recorded(), Ranges{});
}

TEST_F(BatchRecordTest, WhatWasRecordedProducesNothing) {
  make([this](Batch& batch) {
    store->save(batch);
    EXPECT_THROW((void)batch.produce({.topic = "out", .payload = "1"}, batch[0]), std::logic_error);
  });
  world().world.recovery->records = sink;
  world().deliver(0, 3);
  run();
  EXPECT_EQ(attempts.size(), 1U);
  EXPECT_TRUE(sink->sent.empty());
  EXPECT_EQ(recorded(), Ranges{range(0, 3)});
}

TEST_F(BatchRecordTest, WhatAnEarlierAttemptHasProducedKeepsNoneFromRecording) {
  make([this](Batch& batch) {
    if (attempts.size() == 1) {
      ASSERT_TRUE(batch.produce({.topic = "out", .payload = "1"}).ok());
      throw std::runtime_error("not yet");
    }
    store->save(batch);
  });
  sink->at_once = true;
  world().world.recovery->records = sink;
  world().deliver(0, 3);
  run();
  EXPECT_EQ(attempts.size(), 2U);
  EXPECT_EQ(recorded(), Ranges{range(0, 3)});
}

// The settings have given the promise up.
TEST_F(BatchRecordTest, WhereNobodyWaitsForRecordsAnAttemptMayDoBoth) {
  make([this](Batch& batch) {
    ASSERT_TRUE(batch.produce({.topic = "out", .payload = "1"}).ok());
    store->save(batch);
    ASSERT_TRUE(batch.produce({.topic = "out", .payload = "2"}).ok());
  });
  world().world.recovery->records = sink;
  world().world.recovery->await_produced = false;
  world().deliver(0, 3);
  run();
  EXPECT_EQ(sink->sent.size(), 2U);
  EXPECT_EQ(recorded(), Ranges{range(0, 3)});
}

TEST_F(BatchRecordTest, AnOlderEpochIsRefusedAndNoMessageIsBlamed) {
  make(
      [this](Batch& batch) {
        if (attempts.size() == 1) (void)open();
        store->save(batch);
      },
      1, [](routing::Topic& topic) { topic.retries.max = 0; });
  world().deliver(0, 0);
  run();
  EXPECT_EQ(recorded(), Ranges{});
  EXPECT_GT(attempts.size(), 1U);  // tried again for as long as the listener does not begin anew
  EXPECT_TRUE(world().letters.sent.empty());
  EXPECT_EQ(world().position(), 0);
}

TEST_F(BatchRecordTest, TheListenerHearsOfARefusedEpoch) {
  make([this](Batch& batch) {
    (void)open();
    store->save(batch);
  });
  for (std::int64_t offset = 0; offset < 4; ++offset) world().queue.waiting.push_back(offset);
  world().turn();
  world().pool->run_all();
  std::optional<StoreAnswer> told;
  while (const auto mail = world().world.mailbox->take()) {
    if (mail->kind == Mail::Kind::store_answered) told = *mail->answer;
    if (mail->kind == Mail::Kind::share_open) world().the().runner->handle_open(*mail->share, world().now);
    Mailbox::settle(*mail);
  }
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->store, &world().store);
  ASSERT_EQ(told->fenced.size(), 1U);
  EXPECT_EQ(told->fenced.front().partition, (TopicPartition{"events", {0}}));
  EXPECT_EQ(told->fenced.front().epoch, 1U);
}

// Who catches everything and returns has not processed anything: the transaction was rolled back.
TEST_F(BatchRecordTest, ARefusalThatIsCaughtDoesNotMakeMessagesDone) {
  make([this](Batch& batch) {
    if (attempts.size() == 1) (void)open();
    try {
      store->save(batch);
    } catch (const StaleEpoch&) {
    }
  });
  world().deliver(0, 3);
  run();
  EXPECT_GT(attempts.size(), 1U);
  EXPECT_EQ(world().position(), 0);
}

// The transaction was committed, and the consumer was told that the connection was lost.
TEST_F(BatchRecordTest, WhatWasCommittedThoughNobodyKnewIsNotDoneAgain) {
  int effects = 0;
  make([&](Batch& batch) {
    store->save(batch);
    ++effects;  // "committed"
    if (effects == 1) throw std::runtime_error("the connection was lost while the transaction was committed");
  });
  world().deliver(0, 3);
  run();
  EXPECT_EQ(effects, 1);
  EXPECT_EQ(attempts, (std::vector<Numbers>{{0, 1, 2, 3}, {0, 1, 2, 3}}));
  EXPECT_EQ(world().position(), 4);
  EXPECT_TRUE(world().letters.sent.empty());
}

TEST_F(BatchRecordTest, WhatWasRolledBackIsDoneAgain) {
  make([&](Batch& batch) {
    BatchRecord record(*store, batch);
    EXPECT_EQ(record.in_doubt(), attempts.size() > 1);
    record.noted();
    if (attempts.size() < 3) throw std::runtime_error("rolled back");
  });
  world().deliver(0, 3);
  run();
  EXPECT_EQ(attempts.size(), 3U);
  EXPECT_EQ(world().position(), 4);
}

// Two shares were in one failed batch, and of one of them the transaction had been committed: the rest alone runs.
TEST_F(BatchRecordTest, OfACollapsedBatchOnlyWhatWasNotRecordedRunsAgain) {
  Numbers effects;
  make(
      [&](Batch& batch) {
        const bool first = batch.virtual_partition().index().value == 0 && !batch.collapsed();
        if (!first && !batch.collapsed()) throw std::runtime_error("not yet");
        store->save(batch);
        for (const Message& message : batch) effects.push_back(message.offset().value);
        if (first) throw std::runtime_error("the connection was lost while the transaction was committed");
      },
      2, [](routing::Topic& topic) { topic.on_failure = routing::OnFailure::collapse; });
  world().deliver(0, 3);
  run();
  std::ranges::sort(effects);
  EXPECT_EQ(effects, (Numbers{0, 1, 2, 3}));
  EXPECT_EQ(world().position(), 4);
  EXPECT_TRUE(world().letters.sent.empty());
}

TEST_F(BatchRecordTest, OnlyTheTopicsOwnStoreTakesIt) {
  InMemoryOffsetStore other;
  make([&](Batch& batch) {
    EXPECT_THROW(other.save(batch), std::logic_error);
    store->save(batch);
  });
  world().deliver(0, 3);
  run();
  EXPECT_EQ(attempts.size(), 1U);
}

// --- the store's part

class RecordsInMemory : public BatchRecordTest {
 protected:
  void process(std::int64_t first, std::int64_t last) {
    world().deliver(first, last);
    world().run();
  }
  [[nodiscard]] Result<void> save(std::int64_t position, std::uint64_t epoch, Generation generation, bool anew) {
    const OffsetStore::Position at{here, {position}, {}, epoch, generation, anew};
    return store->save("group", std::span(&at, 1));
  }
};

TEST_F(RecordsInMemory, WhatIsBelowThePositionIsForgotten) {
  make([this](Batch& batch) { store->save(batch); });
  process(0, 3);
  process(4, 7);
  ASSERT_TRUE(save(4, 1, world().world.assignment->generation(), false).ok());
  EXPECT_EQ(recorded(), Ranges{range(4, 7)});
}

TEST_F(RecordsInMemory, OpeningTellsWhatWasRecorded) {
  make([this](Batch& batch) { store->save(batch); });
  process(0, 3);
  const auto opened = store->open("group", std::span(&here, 1));
  EXPECT_EQ(opened.value().front().done, Ranges{range(0, 3)});
  EXPECT_EQ(opened.value().front().epoch, 2U);
}

// Whoever begins elsewhere does again what is recorded there; the first share says so as well as the listener.
TEST_F(RecordsInMemory, WhatOtherGenerationsRecordedIsVoidBehindAMove) {
  make([this](Batch& batch) { store->save(batch); });
  world().world.assignment->begin_in_store({.store = &world().store, .epoch = 1, .begins_at = CommitPosition{0}});
  process(0, 3);
  EXPECT_EQ(store->position("group", here), CommitPosition{0});
  ASSERT_TRUE(save(2, 1, Generation{77}, true).ok());
  EXPECT_EQ(recorded(), Ranges{});
  process(4, 7);  // the same as another generation by now
  EXPECT_EQ(store->position("group", here), CommitPosition{0});
  EXPECT_EQ(recorded(), Ranges{range(4, 7)});
  process(8, 11);
  EXPECT_EQ(recorded(), (Ranges{range(4, 7), range(8, 11)}));
}

}  // namespace
}  // namespace braid::engine
