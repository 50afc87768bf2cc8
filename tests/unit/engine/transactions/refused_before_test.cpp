// Messages by whose records earlier transactions have failed: their attempts, which had returned, have failed after
// all, and that comes first.

#include "engine/transactions/partition_transaction.hpp"
#include "unit/engine/engine_world.hpp"
#include "unit/engine/transactions/stepped_slot.hpp"

#include <braid/producer.hpp>
#include <braid/recovery.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using core::Next;
using test_support::EngineWorld;
using test_support::SteppedPool;
using test_support::SteppedSlot;
using testing::ElementsAre;
using testing::IsEmpty;

// One virtual partition, a batch of the offsets 10 to 14, of a topic with two retries and dead letters.
class RefusedBeforeTest : public testing::Test {
 protected:
  RefusedBeforeTest() {
    world_.topic().dead_letters.to = routing::DeadLetters::To::topic;
    world_.topic().dead_letters.topic = "dead";
    world_.topic().retries.max = 2;
    world_.transaction = transaction_;
    transaction_->prepare([](const Result<void>&) {});
    slot_->run();
    slot_->scripted.said.clear();
    world_.script.consume = [this](Batch& batch) {
      attempts_.push_back(batch.attempt());
      for (const Message& message : batch) {
        seen_.push_back(message.offset().value);
        EXPECT_TRUE(batch.produce({.topic = "out", .payload = std::to_string(message.offset().value)}, message));
      }
    };
  }
  ~RefusedBeforeTest() override {
    while (const auto mail = world_.mailbox->take()) Mailbox::settle(*mail);
  }

  // Transactions have failed so often by the record of that message.
  void refused(std::int64_t offset, int times) {
    for (int i = 0; i < times; ++i) {
      refused_.note({{Offset{offset}, Offset{offset}}, Error(Error::Kind::message_too_large, "it is too large")},
                    std::chrono::steady_clock::now());
    }
  }
  Share& begin() {
    world_.refused = std::make_shared<const core::RefusedMessages>(refused_);
    world_.assignment = world_.new_assignment();
    batch_ = world_.batch(pool_, 10, 14);
    batch_->start();
    pool_->run_all();
    return batch_->shares()[0];
  }
  // As the listener does behind a pause, or an answer.
  void go_on(Share& share) {
    share.begin_next_attempt();
    batch_->submit(share);
    pool_->run_all();
  }

  EngineWorld world_{1};
  core::RefusedMessages refused_;
  std::shared_ptr<SteppedSlot> slot_ = std::make_shared<SteppedSlot>();
  std::shared_ptr<PartitionTransaction> transaction_ =
      std::make_shared<PartitionTransaction>(slot_, TopicPartition{"events", {0}}, 1);
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  BatchPtr batch_;
  std::vector<std::int64_t> seen_;
  std::vector<std::uint32_t> attempts_;
};

TEST_F(RefusedBeforeTest, IsTriedAgainBehindItsPauseAndAttemptsCountOn) {
  refused(12, 1);
  Share& share = begin();
  EXPECT_THAT(seen_, IsEmpty()) << "what has failed waits first";
  ASSERT_NE(share.recovery(), nullptr);
  EXPECT_EQ(share.recovery()->next, Next::retry);
  go_on(share);
  EXPECT_THAT(seen_, ElementsAre(10, 11, 12, 13, 14));
  EXPECT_THAT(attempts_, ElementsAre(2));
  EXPECT_EQ(share.first_unfinished(), 5U);
}

TEST_F(RefusedBeforeTest, WithItsRetriesUsedUpItIsADeadLetterAndOthersGoOn) {
  refused(12, 3);
  Share& share = begin();
  EXPECT_THAT(seen_, IsEmpty());
  ASSERT_EQ(share.recovery()->letters.size(), 1U);
  const DeadLetter& letter = share.recovery()->letters[0].letter;
  const auto header = [&](std::string_view name) {
    for (const auto& [each, value] : letter.headers) {
      if (each == name) return value.value_or("");
    }
    return std::string();
  };
  EXPECT_EQ(header(dead_letter_headers::kOffset), "12");
  EXPECT_EQ(header(dead_letter_headers::kAttempts), "3");
  EXPECT_NE(header(dead_letter_headers::kErrorText).find("it is too large"), std::string::npos);
  share.acknowledge(2);
  go_on(share);
  go_on(share);
  EXPECT_THAT(seen_, ElementsAre(10, 11, 13, 14));
  EXPECT_EQ(share.first_unfinished(), 5U);
}

TEST_F(RefusedBeforeTest, WhatIsUsedUpGoesFirstAndTheOthersWaitOnce) {
  refused(11, 1);
  refused(12, 1);
  refused(13, 3);
  Share& share = begin();
  ASSERT_EQ(share.recovery()->letters.size(), 1U);
  EXPECT_EQ(share.recovery()->letters[0].index, 3U);
  share.acknowledge(3);
  go_on(share);
  EXPECT_EQ(share.recovery()->next, Next::retry);
  EXPECT_THAT(seen_, IsEmpty());
  go_on(share);
  EXPECT_THAT(seen_, ElementsAre(10, 11, 12)) << "one pause for both";
}

// Or it would be refused again, for ever: behind a dead letter the attempts before it have others.
TEST_F(RefusedBeforeTest, OneThatComesInALaterAttemptIsDecidedOfThere) {
  refused(11, 3);
  refused(13, 1);
  Share& share = begin();
  share.acknowledge(1);
  go_on(share);
  EXPECT_THAT(seen_, ElementsAre(10));
  go_on(share);
  EXPECT_THAT(seen_, ElementsAre(10)) << "13 waits first";
  EXPECT_EQ(share.recovery()->next, Next::retry);
  go_on(share);
  EXPECT_THAT(seen_, ElementsAre(10, 12, 13, 14));
  EXPECT_EQ(share.first_unfinished(), 5U);
}

TEST_F(RefusedBeforeTest, AnApplicationThatIsToStopStops) {
  world_.topic().on_exhausted = routing::OnExhausted::stop;
  refused(12, 3);
  EXPECT_EQ(begin().recovery()->next, Next::stop);
}

TEST_F(RefusedBeforeTest, WhoHasADecisionOfTheirOwnIsAsked) {
  std::string asked;
  world_.topic().dead_letters.strategy = [&](const Failure& failure) {
    asked = std::to_string(failure.message.offset().value) + ": " + std::string(failure.text);
    return routing::Decision::skip;
  };
  refused(12, 1);
  Share& share = begin();
  EXPECT_NE(asked.find("12: "), std::string::npos) << asked;
  EXPECT_NE(asked.find("it is too large"), std::string::npos) << asked;
  EXPECT_TRUE(share.is_given_up(2));
}

TEST_F(RefusedBeforeTest, OthersBatchesKnowNothingOfIt) {
  refused(99, 3);
  begin();
  EXPECT_THAT(seen_, ElementsAre(10, 11, 12, 13, 14));
  EXPECT_THAT(attempts_, ElementsAre(1));
}

// --- for which message a record was produced

TEST_F(RefusedBeforeTest, ARecordIsOfItsMessageOrOfAllThatTheCallHas) {
  std::vector<core::Refusal> refusals;
  slot_->scripted.refuses = {"of 11", "of any"};
  world_.script.consume = [](Batch& batch) {
    EXPECT_TRUE(batch.produce({.topic = "out", .payload = "of 11"}, batch[1]));
    EXPECT_TRUE(batch.produce({.topic = "out", .payload = "of any"}));
  };
  begin();
  transaction_->commit({{"events", {0}}, CommitPosition{15}, {}}, nullptr,
                       [&](TransactionEnd end) { refusals = std::move(end.refusals); });
  slot_->run();
  ASSERT_EQ(refusals.size(), 2U);
  EXPECT_EQ(refusals[0].of, (OffsetRange{Offset{11}, Offset{11}}));
  EXPECT_EQ(refusals[1].of, (OffsetRange{Offset{10}, Offset{14}}));
}

TEST_F(RefusedBeforeTest, WhatCanNeverBeSentIsRefusedByTheCall) {
  auto tools = std::make_shared<RecoveryTools>();
  tools->max_payload_size = 10;
  tools->max_record_size = 15;
  world_.recovery = tools;
  world_.script.consume = [](Batch& batch) {
    const auto kind = [&](const Record& record) { return batch.produce(record, batch[0]).error().kind(); };
    EXPECT_EQ(kind({.topic = "", .payload = "x"}), Error::Kind::invalid_record);
    EXPECT_EQ(kind({.topic = "not a topic", .payload = "x"}), Error::Kind::invalid_record);
    EXPECT_EQ(kind({.topic = "out", .payload = "x", .partition = PartitionNumber{-1}}),
              Error::Kind::invalid_record);
    EXPECT_EQ(kind({.topic = "out", .payload = "x", .headers = {{"", "x"}}}), Error::Kind::invalid_record);
    EXPECT_EQ(kind({.topic = "out", .payload = "12345678901"}), Error::Kind::message_too_large);
    EXPECT_EQ(kind({.topic = "out", .key = "123456", .payload = "1234567890"}), Error::Kind::message_too_large);
    EXPECT_EQ(kind({.topic = "out", .payload = "1234567890", .headers = {{"name", "value"}}}),
              Error::Kind::message_too_large);
    EXPECT_TRUE(batch.produce({.topic = "out", .key = "12345", .payload = "1234567890"}));
  };
  begin();
  EXPECT_THAT(slot_->scripted.said, ElementsAre("begin", "send 1234567890"));
}

}  // namespace
}  // namespace braid::engine
