// What an attempt leaves behind where the topic is exactly once: what it has sent, and what it has said.

#include "engine/transactions/partition_transaction.hpp"
#include "unit/engine/engine_world.hpp"
#include "unit/engine/transactions/stepped_slot.hpp"

#include <braid/producer.hpp>
#include <braid/ticket.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::EngineWorld;
using test_support::SteppedPool;
using test_support::SteppedSlot;
using testing::ElementsAre;
using testing::IsEmpty;

// One virtual partition, a batch of the offsets 10 to 14, of a topic that has dead letters.
class ExactlyOnceAttemptTest : public testing::Test {
 protected:
  ExactlyOnceAttemptTest() {
    world_.topic().dead_letters.to = routing::DeadLetters::To::topic;
    world_.topic().dead_letters.topic = "dead";
    world_.transaction = transaction_;
    world_.assignment = world_.new_assignment();
    batch_ = world_.batch(pool_, 10, 14);
    transaction_->prepare([](const Result<void>&) {});
    slot_->run();
    slot_->scripted.said.clear();
  }
  ~ExactlyOnceAttemptTest() override {
    while (const auto mail = world_.mailbox->take()) Mailbox::settle(*mail);
  }

  void run() {
    batch_->start();
    pool_->run_all();
  }
  static void send(Batch& batch, const std::string& payload) {
    EXPECT_TRUE(batch.produce({.topic = "out", .payload = payload}));
  }
  Share& share() { return batch_->shares()[0]; }
  [[nodiscard]] const std::vector<std::string>& sent() const { return slot_->scripted.said; }

  EngineWorld world_{1};
  std::shared_ptr<SteppedSlot> slot_ = std::make_shared<SteppedSlot>();
  std::shared_ptr<PartitionTransaction> transaction_ =
      std::make_shared<PartitionTransaction>(slot_, TopicPartition{"events", {0}}, 1);
  std::shared_ptr<SteppedPool> pool_ = std::make_shared<SteppedPool>();
  BatchPtr batch_;
};

TEST_F(ExactlyOnceAttemptTest, SendsWhenItHasEndedWell) {
  world_.script.consume = [&](Batch& batch) {
    send(batch, "a");
    EXPECT_THAT(sent(), IsEmpty());
  };
  run();
  EXPECT_THAT(sent(), ElementsAre("begin", "send a"));
}

TEST_F(ExactlyOnceAttemptTest, OneThatFailsSendsWhatItsMarksCover) {
  world_.script.consume = [&](Batch& batch) {
    send(batch, "a");
    batch.mark(batch[0]);
    send(batch, "b");
    throw std::runtime_error("behind it");
  };
  run();
  EXPECT_THAT(sent(), ElementsAre("begin", "send a"));
  EXPECT_EQ(share().first_unfinished(), 1U);
}

// As what is sent outside of transactions does.
TEST_F(ExactlyOnceAttemptTest, WhatItSendsPassesTheProducersMiddleware) {
  const Middleware shouts = [](RecordDraft& draft) -> Result<void> {
    if (draft.record().payload == "secret") return Error(Error::Kind::refused, "not to leave the house");
    draft.set_payload(std::string(*draft.record().payload) + "!");
    return {};
  };
  world_.recovery->chain =
      std::make_shared<RecordChain>(nullptr, RecordChain::Rules{.middleware = {shouts}, .interceptors = {}});
  world_.script.consume = [&](Batch& batch) {
    send(batch, "a");
    EXPECT_EQ(batch.produce({.topic = "out", .payload = "secret"}).error().kind(), Error::Kind::refused);
  };
  run();
  EXPECT_THAT(sent(), ElementsAre("begin", "send a!"));
}

// Or it would count as done, and what was sent about it be forgotten.
TEST_F(ExactlyOnceAttemptTest, WhatOneThatFailsHasSkippedIsTriedAgain) {
  world_.script.consume = [&](Batch& batch) {
    send(batch, "about 10");
    batch.skip(batch[0]);
    throw std::runtime_error("behind it");
  };
  run();
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(share().first_unfinished(), 0U);
}

TEST_F(ExactlyOnceAttemptTest, WhatOneThatFailsHasSkippedBeforeAMarkIsSkipped) {
  world_.script.consume = [&](Batch& batch) {
    send(batch, "about 10");
    batch.skip(batch[0]);
    batch.mark(batch[1]);
    batch.skip(batch[2]);
    throw std::runtime_error("behind it");
  };
  run();
  EXPECT_THAT(sent(), ElementsAre("begin", "send about 10"));
  EXPECT_EQ(share().first_unfinished(), 2U);
  EXPECT_EQ(world_.counters->messages_skipped, 1U);
}

TEST_F(ExactlyOnceAttemptTest, NoLetterOfOneThatFailsIsWritten) {
  world_.script.consume = [&](Batch& batch) {
    batch.dead_letter(batch[0], "not wanted");
    throw std::runtime_error("behind it");
  };
  run();
  EXPECT_THAT(share().recovery()->letters, IsEmpty());
  EXPECT_THAT(share().recovery()->causes, IsEmpty());
  EXPECT_EQ(share().first_unfinished(), 0U);
}

TEST_F(ExactlyOnceAttemptTest, WhatIsToBeTriedAgainLaterIsAllTriedAgain) {
  world_.script.consume = [&](Batch& batch) {
    send(batch, "about 10");
    batch.skip(batch[0]);
    batch.retry_after(5ms);
  };
  run();
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(share().first_unfinished(), 0U);
}

// It may be of any thread, and what the call has sent is not told apart by messages.
TEST_F(ExactlyOnceAttemptTest, ATicketMarksNothing) {
  std::optional<Ticket> ticket;
  world_.script.consume = [&](Batch& batch) {
    send(batch, "a");
    ticket.emplace(batch.defer());
  };
  run();
  EXPECT_THROW(ticket->mark(ticket->messages()[1]), std::logic_error);
  EXPECT_EQ(share().marked(), 0U);
  EXPECT_TRUE(ticket->fail("later"));
  EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(ExactlyOnceAttemptTest, ATicketThatIsDoneSendsAllOfIt) {
  std::optional<Ticket> ticket;
  world_.script.consume = [&](Batch& batch) {
    send(batch, "a");
    ticket.emplace(batch.defer());
    send(batch, "b");
  };
  run();
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_TRUE(ticket->done());
  EXPECT_THAT(sent(), ElementsAre("begin", "send a", "send b"));
}

TEST_F(ExactlyOnceAttemptTest, NobodyMarksByWayOfTheVirtualPartition) {
  world_.script.consume = [&](Batch& batch) {
    EXPECT_THROW(batch.virtual_partition().mark(batch[0].offset()), std::logic_error);
  };
  run();
}

}  // namespace
}  // namespace braid::engine
