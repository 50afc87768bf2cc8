#include "engine/worker/share_deliveries.hpp"
#include "unit/engine/engine_world.hpp"
#include "unit/engine/worker/hand_sink.hpp"
#include "unit/engine/worker/one_batch_fixture.hpp"

#include <braid/recovery.hpp>
#include <braid/ticket.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace braid::engine {
namespace {

using test_support::EngineWorld;
using test_support::HandSink;
using test_support::SteppedPool;
using Kind = Mail::Kind;

// One virtual partition, a batch of the offsets 10 to 14, and a consumer that produces.
class ProducedRecordsTest : public OneBatchTest {
 protected:
  ProducedRecordsTest() {
    world_.recovery->records = sink_;
    world_.script.consume = [](Batch& batch) { produce_each(batch); };
  }

  static void produce_each(Batch& batch) {
    for (const Message& message : batch) produce(batch, message);
  }
  static void produce(Batch& batch, const Message& message) {
    ASSERT_TRUE(batch.produce({.topic = "out", .payload = "1"}, message).ok());
  }
  void deliver_all() {
    while (!sink_->waiting.empty()) sink_->deliver();
    pool_->run_all();
  }
  bool open() { return !world_.jobs->idle(); }

  std::shared_ptr<HandSink> sink_ = std::make_shared<HandSink>();
  std::optional<Ticket> ticket_;
};

TEST_F(ProducedRecordsTest, MessagesAreDoneWhenWhatTheyProducedIsDelivered) {
  start();
  EXPECT_EQ(sink_->sent.size(), 5U);
  EXPECT_EQ(pool_->size(), 0U);  // without a thread
  for (int i = 0; i < 4; ++i) sink_->deliver();
  EXPECT_FALSE(world_.mailbox->take());
  EXPECT_EQ(share().marked(), 0U);
  EXPECT_TRUE(open());
  sink_->deliver();
  EXPECT_TRUE(settled());
  EXPECT_EQ(share().marked(), 5U);
  EXPECT_FALSE(open());
}

TEST_F(ProducedRecordsTest, AReportWithinTheCallLeavesNothingToWaitFor) {
  sink_->at_once = true;
  start();
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, OneThatIsNotDeliveredFailsTheAttemptAndSaysWhichMessage) {
  start();
  sink_->fail("no leader", 2);
  EXPECT_TRUE(open()) << "the others are still on their way";
  deliver_all();
  EXPECT_NE(failure().find("a record was not delivered: no leader"), std::string::npos);
  ASSERT_NE(share().in_hand(), nullptr);
  EXPECT_EQ(share().in_hand()->offset(), Offset{12});
  EXPECT_EQ(share().marked(), 0U);
  EXPECT_TRUE(retry());
  EXPECT_EQ(sink_->sent.size(), 10U);
  deliver_all();
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, WhoThrowsIsWaitedForTooAndItsMarksCount) {
  world_.script.consume = [](Batch& batch) {
    produce(batch, batch[0]);
    batch.mark(batch[0]);
    produce(batch, batch[1]);
    throw std::runtime_error("behind them");
  };
  start();
  EXPECT_FALSE(world_.mailbox->take());
  sink_->deliver();
  EXPECT_EQ(share().marked(), 1U);
  sink_->fail("no leader");
  EXPECT_NE(failure().find("behind them"), std::string::npos);
  world_.script.consume = [](Batch& batch) { EXPECT_EQ(batch.front().offset(), Offset{11}); };
  EXPECT_TRUE(retry());
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, AMarkOfWhatIsNotDeliveredIsTriedAgain) {
  world_.script.consume = [](Batch& batch) {
    produce(batch, batch[0]);
    batch.mark(batch.back());
  };
  start();
  EXPECT_EQ(share().marked(), 0U);
  sink_->fail("no leader");
  EXPECT_NE(failure().find("no leader"), std::string::npos);
  EXPECT_EQ(share().marked(), 0U);
}

// Or it would be done, and what was produced about it be lost.
TEST_F(ProducedRecordsTest, WhatIsSkippedIsTriedAgainWhereItsRecordIsLost) {
  world_.script.consume = [](Batch& batch) {
    produce(batch, batch[0]);
    batch.skip(batch[0]);
  };
  start();
  sink_->fail("no leader");
  EXPECT_NE(failure().find("no leader"), std::string::npos);
  EXPECT_EQ(share().first_unfinished(), 0U);
  EXPECT_EQ(world_.counters->messages_skipped, 0U);
  EXPECT_TRUE(retry());
  deliver_all();
  EXPECT_TRUE(settled());
  EXPECT_EQ(world_.counters->messages_skipped, 1U);
}

TEST_F(ProducedRecordsTest, SoItIsWhereTheAttemptHasThrownToo) {
  world_.script.consume = [](Batch& batch) {
    produce(batch, batch[0]);
    batch.skip(batch[0]);
    throw std::runtime_error("behind it");
  };
  start();
  sink_->fail("no leader");
  EXPECT_NE(failure().find("behind it"), std::string::npos);
  EXPECT_EQ(share().first_unfinished(), 0U);
}

TEST_F(ProducedRecordsTest, WhatIsSkippedBeforeAMarkThatHoldsIsSkipped) {
  world_.script.consume = [](Batch& batch) {
    batch.skip(batch[0]);
    batch.mark(batch[1]);
    produce(batch, batch[2]);
    batch.skip(batch[2]);
  };
  start();
  sink_->fail("no leader");
  EXPECT_NE(failure().find("no leader"), std::string::npos);
  EXPECT_EQ(share().first_unfinished(), 2U);
  EXPECT_EQ(world_.counters->messages_skipped, 1U);
}

TEST_F(ProducedRecordsTest, NoLetterIsWrittenOfAMessageWhoseRecordIsLost) {
  world_.topic().dead_letters.to = routing::DeadLetters::To::topic;
  world_.topic().dead_letters.topic = "dead";
  world_.script.consume = [](Batch& batch) {
    produce(batch, batch[0]);
    batch.dead_letter(batch[0], "not wanted");
  };
  start();
  sink_->fail("no leader");
  EXPECT_NE(failure().find("no leader"), std::string::npos);
  EXPECT_TRUE(share().recovery()->letters.empty());
  EXPECT_TRUE(share().recovery()->causes.empty());
  EXPECT_EQ(share().first_unfinished(), 0U);
}

TEST_F(ProducedRecordsTest, ATicketThatIsSettledWaitsForThemToo) {
  world_.script.consume = [this](Batch& batch) {
    ticket_.emplace(batch.defer());
    produce_each(batch);
  };
  start();
  EXPECT_TRUE(share().waits_for_ticket());
  EXPECT_TRUE(ticket_->done());
  EXPECT_FALSE(share().waits_for_ticket()) << "it is settled, and can't be overdue";
  EXPECT_FALSE(world_.mailbox->take());
  deliver_all();
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, ATicketSettledWithinTheCallDoesNotPassWhatIsProducedBehindThat) {
  world_.script.consume = [](Batch& batch) {
    Ticket ticket = batch.defer();
    EXPECT_TRUE(ticket.done());
    produce_each(batch);
  };
  start();
  EXPECT_FALSE(world_.mailbox->take());
  deliver_all();
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, ATicketsMarksWaitForThem) {
  world_.script.consume = [this](Batch& batch) {
    ticket_.emplace(batch.defer());
    produce(batch, batch[0]);
  };
  start();
  ticket_->mark(ticket_->messages()[1]);
  EXPECT_EQ(share().marked(), 0U);
  deliver_all();
  EXPECT_EQ(share().marked(), 2U);
  EXPECT_TRUE(ticket_->done());
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, AFailedTicketWaitsForThemAndFailsAsItSays) {
  world_.script.consume = [this](Batch& batch) {
    ticket_.emplace(batch.defer());
    produce_each(batch);
  };
  start();
  EXPECT_TRUE(ticket_->fail("not this one"));
  EXPECT_FALSE(world_.mailbox->take());
  deliver_all();
  EXPECT_NE(failure().find("not this one"), std::string::npos);
}

TEST_F(ProducedRecordsTest, ThrowingBehindDeferWaitsForThem) {
  world_.script.consume = [this](Batch& batch) {
    ticket_.emplace(batch.defer());
    produce_each(batch);
    throw std::runtime_error("behind defer");
  };
  start();
  EXPECT_TRUE(ticket_->settled());
  EXPECT_FALSE(world_.mailbox->take());
  deliver_all();
  EXPECT_NE(failure().find("behind defer"), std::string::npos);
}

TEST_F(ProducedRecordsTest, TheFarewellWaitsForThem) {
  std::string told;
  world_.script.revoked = [&](const VirtualPartition&) { told = "revoked"; };
  start();
  world_.assignment->move_to(Assignment::Phase::ending);
  EXPECT_TRUE(world_.assignment->slot({0}).defer_farewell(FarewellKind::revoked));
  EXPECT_EQ(told, "");
  deliver_all();
  EXPECT_EQ(told, "revoked");
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, WhatIsBrokenIsAnErrorAndChangesNothing) {
  world_.script.consume = [this](Batch& batch) {
    sink_->refuses = Error(Error::Kind::invalid_record, "a record without a topic");
    EXPECT_EQ(batch.produce({.topic = ""}).error().kind(), Error::Kind::invalid_record);
  };
  start();
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, WithoutAProducerItIsAnError) {
  world_.recovery->records.reset();
  world_.script.consume = [](Batch& batch) {
    EXPECT_EQ(batch.produce({.topic = "out"}).error().kind(), Error::Kind::closed);
  };
  start();
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, NobodyWaitsWhereTheSettingsSaySo) {
  world_.recovery->await_produced = false;
  start();
  EXPECT_EQ(sink_->sent.size(), 5U);
  EXPECT_TRUE(settled());
}

TEST_F(ProducedRecordsTest, UnderManualOffsetsMarksWaitForThem) {
  world_.topic().offsets = routing::Offsets::manual;
  world_.assignment = world_.new_assignment();
  batch_ = world_.batch(pool_, 10, 14);
  world_.script.consume = [](Batch& batch) {
    produce(batch, batch[0]);
    batch.mark(batch.back());
  };
  start();
  EXPECT_EQ(world_.assignment->marks({0})->marked(), Offset{-1});
  deliver_all();
  EXPECT_EQ(world_.assignment->marks({0})->marked(), Offset{14});
  EXPECT_TRUE(settled());
}

}  // namespace
}  // namespace braid::engine
