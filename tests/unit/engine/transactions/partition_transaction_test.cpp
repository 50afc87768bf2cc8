#include "engine/transactions/partition_transaction.hpp"

#include "unit/engine/transactions/stepped_slot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using test_support::SteppedSlot;

class PartitionTransactionTest : public testing::Test {
 protected:
  std::shared_ptr<SteppedSlot> slot = std::make_shared<SteppedSlot>();
  std::shared_ptr<PartitionTransaction> transaction = make(1);
  std::vector<std::string> answers;
  std::vector<core::Refusal> refusals;  // of the last commit

  [[nodiscard]] std::shared_ptr<PartitionTransaction> make(std::uint64_t number) const {
    return std::make_shared<PartitionTransaction>(slot, TopicPartition{"orders", {0}}, number);
  }
  [[nodiscard]] PartitionTransaction::Done note(std::string what) {
    return [this, what](const Result<void>& outcome) { answers.push_back(what + (outcome ? " ok" : " failed")); };
  }
  [[nodiscard]] PartitionTransaction::Ended note_end(std::string what) {
    return [this, what](TransactionEnd end) {
      answers.push_back(what + (end.outcome ? " ok" : " failed"));
      refusals = std::move(end.refusals);
    };
  }
  void prepare() {
    transaction->prepare(note("prepare"));
    slot->run();
    answers.clear();
    slot->scripted.said.clear();
  }
  // Each of one message, from `offset` on.
  static std::vector<ProducedRecord> records(const std::vector<std::string>& payloads, std::int64_t offset = 10) {
    std::vector<ProducedRecord> made;
    for (const std::string& payload : payloads) {
      made.push_back({OwnedRecord(Record{.topic = "out", .payload = payload}), {Offset{offset}, Offset{offset}}});
      ++offset;
    }
    return made;
  }
  [[nodiscard]] std::vector<std::pair<std::int64_t, std::int64_t>> blamed() const {
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (const core::Refusal& each : refusals) all.emplace_back(each.of.first.value, each.of.last.value);
    return all;
  }
  [[nodiscard]] static StoredPosition at(std::int64_t position) {
    return {{"orders", {0}}, CommitPosition{position}, {}};
  }
  [[nodiscard]] const std::vector<std::string>& said() const { return slot->scripted.said; }
};

TEST_F(PartitionTransactionTest, TakesNothingBeforeItIsPrepared) {
  transaction->send(records({"early"}));
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_FALSE(transaction->prepared());
}

TEST_F(PartitionTransactionTest, IsPreparedOnceAndAllHear) {
  transaction->prepare(note("first"));
  transaction->prepare(note("second"));
  EXPECT_FALSE(transaction->prepared());
  slot->run();
  EXPECT_TRUE(transaction->prepared());
  EXPECT_THAT(said(), ElementsAre("init"));
  transaction->prepare(note("third"));
  EXPECT_THAT(answers, ElementsAre("first ok", "second ok", "third ok"));
}

TEST_F(PartitionTransactionTest, WhatCouldNotBePreparedMayBeAskedAgain) {
  slot->scripted.fails = "init";
  transaction->prepare(note("first"));
  slot->run();
  EXPECT_FALSE(transaction->prepared());
  slot->scripted.fails.reset();
  transaction->prepare(note("second"));
  slot->run();
  EXPECT_THAT(answers, ElementsAre("first failed", "second ok"));
}

TEST_F(PartitionTransactionTest, RecordsAndPositionGoInOne) {
  prepare();
  transaction->send(records({"a", "b"}));
  transaction->send(records({"c"}));
  transaction->commit(at(7), nullptr, note_end("commit"));
  EXPECT_FALSE(transaction->prepared()) << "nothing may come between";
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send a", "send b", "send c", "commit 7"));
  EXPECT_THAT(answers, ElementsAre("commit ok"));
  EXPECT_TRUE(transaction->prepared());
}

TEST_F(PartitionTransactionTest, APositionAloneHasItsTransactionToo) {
  prepare();
  transaction->commit(at(7), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "commit 7"));
}

// As when a filter has skipped all there was, or a consumer has sent the partition elsewhere.
TEST_F(PartitionTransactionTest, APositionBeforeAnyBatchMakesItReadyFirst) {
  transaction->commit(at(7), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("init", "begin", "commit 7"));
  EXPECT_THAT(answers, ElementsAre("commit ok"));
  EXPECT_TRUE(transaction->prepared());
}

TEST_F(PartitionTransactionTest, APositionMayComeWhileItIsMadeReady) {
  transaction->prepare(note("prepare"));
  transaction->commit(at(7), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(answers, ElementsAre("prepare ok", "commit ok"));
  EXPECT_TRUE(transaction->prepared());
}

// Its batch would never end, and so the transaction neither, which is what all of it waits for to begin anew.
TEST_F(PartitionTransactionTest, OneThatCanOnlyFailKeepsNoLetterWaiting) {
  prepare();
  slot->scripted.fails = "send a";
  transaction->send(records({"a"}));
  transaction->send(DeadLetter{.topic = "dead", .payload = "x"}, PartitionNumber{5}, note("letter"));
  slot->run();
  transaction->commit(at(7), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send a", "abort"));
  EXPECT_THAT(answers, ElementsAre("letter ok", "commit failed"));
}

TEST_F(PartitionTransactionTest, WhatCouldNotBeSentFailsAllOfIt) {
  prepare();
  slot->scripted.fails = "send b";
  transaction->send(records({"a", "b", "never"}));
  transaction->send(records({"nor this"}));
  transaction->commit(at(7), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send a", "send b", "abort"));
  EXPECT_THAT(answers, ElementsAre("commit failed"));
}

TEST_F(PartitionTransactionTest, BehindOneThatFailedThereIsNoOther) {
  prepare();
  slot->scripted.fails = "commit";
  transaction->send(records({"a"}));
  transaction->commit(at(7), nullptr, note_end("first"));
  slot->run();
  EXPECT_FALSE(transaction->prepared());
  transaction->send(records({"late"}));
  transaction->commit(at(8), nullptr, note_end("second"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send a", "commit 7", "abort"));
  EXPECT_THAT(answers, ElementsAre("first failed", "second failed"));
}

TEST_F(PartitionTransactionTest, WhatIsSentLateGoesNowhereAndWhatWasOpenIsAborted) {
  prepare();
  transaction->send(records({"a"}));
  transaction->close();
  transaction->send(records({"late"}));
  // The next one of the partition uses the same producer, behind it.
  const auto next = make(2);
  next->prepare(note("next"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send a", "abort", "init"));
  EXPECT_TRUE(next->prepared());
}

TEST_F(PartitionTransactionTest, ACommitUnderWayIsNotAbortedByTheEnd) {
  prepare();
  transaction->send(records({"a"}));
  transaction->commit(at(7), nullptr, note_end("commit"));
  transaction->close();
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send a", "commit 7"));
}

TEST_F(PartitionTransactionTest, ADeadLetterIsPartOfIt) {
  prepare();
  transaction->send(DeadLetter{.topic = "dead", .payload = "x"}, PartitionNumber{5}, note("letter"));
  slot->run();
  transaction->commit(at(7), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send x wrapped", "commit 7"));
  EXPECT_THAT(answers, ElementsAre("letter ok", "commit ok"));
}

TEST_F(PartitionTransactionTest, ALetterThatFindsItClosedIsTold) {
  transaction->close();
  transaction->send(DeadLetter{.topic = "dead", .payload = "x"}, PartitionNumber{5}, note("letter"));
  slot->run();
  EXPECT_THAT(answers, ElementsAre("letter failed"));
}

// What is too large would be so again: whoever begins anew is told of which messages it was.
TEST_F(PartitionTransactionTest, ItsEndTellsOfAllThatWereRefused) {
  prepare();
  slot->scripted.refuses = {"b", "d"};
  transaction->send(records({"a", "b", "c"}));
  transaction->send(records({"d"}, 20));
  transaction->commit(at(30), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(said(), ElementsAre("begin", "send a", "refuse b", "send c", "refuse d", "abort"));
  EXPECT_THAT(answers, ElementsAre("commit failed"));
  EXPECT_THAT(blamed(), ElementsAre(testing::Pair(11, 11), testing::Pair(20, 20)));
}

TEST_F(PartitionTransactionTest, OfWhatABrokerRefusesTogetherAnyMayBeToBlame) {
  prepare();
  slot->scripted.refuses_later = {"a", "b", "c"};
  transaction->send(records({"a", "b", "c", "d"}));
  transaction->commit(at(30), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(blamed(), ElementsAre(testing::Pair(10, 12)));
}

TEST_F(PartitionTransactionTest, NoMessageIsToBlameForARefusedLetter) {
  prepare();
  slot->scripted.refuses = {"x"};
  transaction->send(records({"a"}));
  transaction->send(DeadLetter{.topic = "dead", .payload = "x"}, PartitionNumber{5}, note("letter"));
  slot->run();
  transaction->commit(at(30), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(answers, ElementsAre("letter ok", "commit failed"));
  EXPECT_THAT(blamed(), IsEmpty());
}

TEST_F(PartitionTransactionTest, NoMessageIsToBlameForALetterThatMayNotBeSent) {
  prepare();
  slot->scripted.refuses_some = true;
  transaction->send(records({"a"}));
  transaction->send(DeadLetter{.topic = "dead", .payload = "x"}, PartitionNumber{5}, note("letter"));
  slot->run();
  transaction->commit(at(30), nullptr, note_end("commit"));
  slot->run();
  ASSERT_EQ(refusals.size(), 1U);
  EXPECT_TRUE(refusals.front().suspected);
}

TEST_F(PartitionTransactionTest, WhatFailsOtherwiseIsNoMessagesFault) {
  prepare();
  slot->scripted.fails = "commit";
  transaction->send(records({"a"}));
  transaction->commit(at(30), nullptr, note_end("commit"));
  slot->run();
  EXPECT_THAT(blamed(), IsEmpty());
}

}  // namespace
}  // namespace braid::engine
