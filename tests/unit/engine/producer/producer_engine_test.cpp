#include "engine/producer/producer_engine.hpp"

#include "unit/engine/producer/hand_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;

class ProducerEngineTest : public ::testing::Test {
 protected:
  ~ProducerEngineTest() override {
    client->refuse();
    client->let_in();
    engine.close(0ms);
  }
  [[nodiscard]] Result<void> send(const std::string& payload, OnDelivery on_delivery = {}) {
    return engine.send({.topic = "orders", .key = "k", .payload = payload, .partition = {}, .headers = {}},
                       std::move(on_delivery));
  }

  HandClient* client = new HandClient;  // the engine's
  std::shared_ptr<KeptLines> log = std::make_shared<KeptLines>();
  ProducerEngine engine{"test-p", std::unique_ptr<ProducerClient>(client), log};
};

TEST_F(ProducerEngineTest, AFlushReturnsWithTheLastReport) {
  ASSERT_TRUE(send("1").ok());
  ASSERT_TRUE(send("2").ok());
  auto flush = std::async(std::launch::async, [&] { return engine.flush(kDeadline); });
  ASSERT_TRUE(client->answer());
  EXPECT_EQ(flush.wait_for(50ms), std::future_status::timeout) << "a record has no report yet";
  ASSERT_TRUE(client->answer());
  ASSERT_EQ(flush.wait_for(kDeadline / 2), std::future_status::ready);
  EXPECT_TRUE(flush.get().ok());
  EXPECT_EQ(engine.outstanding(), 0U);
}

// The refused record counts as sent while the client looks at it: the last report comes, finds it counted, and
// nobody but the refusal itself can tell the flush that nothing is left.
TEST_F(ProducerEngineTest, AFlushReturnsWhenASendFailsAfterTheLastReport) {
  ASSERT_TRUE(send("1").ok());
  auto refused = std::async(std::launch::async, [&] { return send("refused"); });
  client->wait_for_the_refused();
  auto flush = std::async(std::launch::async, [&] { return engine.flush(kDeadline); });
  ASSERT_TRUE(client->answer());
  EXPECT_EQ(flush.wait_for(200ms), std::future_status::timeout) << "a record is neither queued nor refused";
  client->refuse();
  EXPECT_EQ(refused.get().error().kind(), Error::Kind::queue_full);
  ASSERT_EQ(flush.wait_for(kDeadline / 2), std::future_status::ready) << "the flush sleeps to its deadline";
  EXPECT_TRUE(flush.get().ok());
}

TEST_F(ProducerEngineTest, ARefusedRecordIsNotCountedAndHasNoReport) {
  client->refuse();
  bool reported = false;
  EXPECT_FALSE(send("refused", [&](const Delivery&) { reported = true; }).ok());
  EXPECT_EQ(engine.outstanding(), 0U);
  EXPECT_TRUE(engine.flush(0ms).ok());
  engine.close(0ms);
  EXPECT_FALSE(reported);
}

TEST_F(ProducerEngineTest, AFlushThatIsOverSaysHowManyAreLeft) {
  ASSERT_TRUE(send("1").ok());
  ASSERT_TRUE(send("2").ok());
  const auto flushed = engine.flush(1ms);
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().kind(), Error::Kind::timed_out);
  EXPECT_TRUE(flushed.error().retriable());
  EXPECT_NE(flushed.error().text().find("2 records"), std::string::npos) << flushed.error().text();
}

TEST_F(ProducerEngineTest, ACallbackThatThrowsCostsNoOtherItsReport) {
  std::promise<void> second;
  ASSERT_TRUE(send("1", [](const Delivery&) { throw std::runtime_error("not mine"); }).ok());
  ASSERT_TRUE(send("2", [&](const Delivery& delivery) {
                if (delivery.ok()) second.set_value();
              }).ok());
  client->answer();
  client->answer();
  EXPECT_EQ(second.get_future().wait_for(kDeadline), std::future_status::ready);
  EXPECT_TRUE(engine.flush(kDeadline).ok());
  EXPECT_NE(log->text().find("std::runtime_error: not mine"), std::string::npos) << log->text();
}

TEST_F(ProducerEngineTest, WhatACloseLeavesIsReportedAsAnError) {
  std::vector<Error::Kind> kinds;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(send("x", [&](const Delivery& delivery) { kinds.push_back(delivery.error->kind()); }).ok());
  }
  engine.close(1ms);
  EXPECT_EQ(kinds, (std::vector{Error::Kind::closed, Error::Kind::closed}));
  EXPECT_NE(log->text().find("closed with 2 records undelivered"), std::string::npos) << log->text();
  EXPECT_EQ(send("late").error().kind(), Error::Kind::closed);
}

// The sender has passed each look at the close, and is behind the purge.
TEST_F(ProducerEngineTest, ACloseGivesUpWhatIsJustEnteringTheClient) {
  std::promise<Error::Kind> kind;
  auto late = std::async(std::launch::async, [&] {
    return send("late", [&](const Delivery& delivery) { kind.set_value(delivery.error->kind()); });
  });
  ASSERT_TRUE(client->wait_for_the_late());
  auto closed = std::async(std::launch::async, [&] { return engine.close(0ms); });
  EXPECT_TRUE(client->wait_for_purge());
  client->let_in();
  EXPECT_TRUE(late.get().ok());
  const bool ended = closed.wait_for(kDeadline) == std::future_status::ready;
  EXPECT_TRUE(ended) << "it waits until the record times out";
  if (!ended) client->answer();
  EXPECT_EQ(closed.get().undelivered, 1U);
  EXPECT_EQ(kind.get_future().get(), Error::Kind::closed);
}

TEST_F(ProducerEngineTest, WhoWaitsForRoomIsRefusedByAClose) {
  auto* const full = new HandClient;
  ProducerEngine waits("test-p", std::unique_ptr<ProducerClient>(full), log, {.max_wait_for_room = kDeadline});
  full->set_capacity(1);
  Record record;
  record.topic = "orders";
  record.payload = "1";
  ASSERT_TRUE(waits.send(record, {}).ok());
  auto second = std::async(std::launch::async, [&] {
    Record behind = record;
    behind.payload = "2";
    return waits.send(behind, {});
  });
  ASSERT_TRUE(full->wait_for_full());
  auto closed =
      std::async(std::launch::async, [&] { return waits.close(0ms); });  // gives the first one's room back
  const auto refused = second.get();
  const bool ended = closed.wait_for(kDeadline) == std::future_status::ready;
  EXPECT_TRUE(ended) << "it waits until the record times out";
  if (!ended) full->answer();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), Error::Kind::closed);
  EXPECT_EQ(closed.get().undelivered, 1U);
}

// The counts are read one after the other, while they move.
TEST_F(ProducerEngineTest, NeverFewerCountAsOutstandingThanThereAre) {
  ASSERT_TRUE(send("first").ok());  // the oldest is reported first, so one is always left
  std::atomic<bool> over{false};
  std::uint64_t least = 1;
  std::uint64_t most = 1;
  std::jthread looks([&] {
    while (!over) {
      const std::uint64_t outstanding = engine.outstanding();
      least = std::min(least, outstanding);
      most = std::max(most, outstanding);
    }
  });
  constexpr std::uint64_t kRecords = 50'000;
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    EXPECT_TRUE(send("x").ok());
    client->answer();
  }
  over = true;
  looks.join();
  EXPECT_EQ(least, 1U);
  EXPECT_LE(most, kRecords + 1);
}

TEST_F(ProducerEngineTest, WhatAFailedClientGivesBackFailsForGood) {
  std::promise<Error> error;
  ASSERT_TRUE(send("1", [&](const Delivery& delivery) { error.set_value(*delivery.error); }).ok());
  client->break_down();  // nobody replaces it
  const Error told = error.get_future().get();
  EXPECT_TRUE(told.fatal());
  EXPECT_NE(told.text().find("lost its sequence numbers"), std::string::npos) << told.text();
}

TEST_F(ProducerEngineTest, ACallerThatCouldNotServeGivesItsTurnBack) {
  ASSERT_TRUE(client->fail_other_servers());
  Record record;
  record.topic = "orders";
  record.payload = "1";
  EXPECT_THROW(static_cast<void>(engine.send_and_wait(record, kDeadline)), std::bad_alloc);
  client->answer();
  EXPECT_TRUE(engine.flush(kDeadline / 2).ok()) << "nobody serves any more";
}

}  // namespace
}  // namespace braid::engine
