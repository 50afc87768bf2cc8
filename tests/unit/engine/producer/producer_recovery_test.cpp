#include "engine/producer/producer_engine.hpp"
#include "unit/engine/producer/hand_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {
namespace {

// An engine whose clients the test breaks; the first is there, the others are made when it asks for them.
class ProducerRecoveryTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kRebuilds = 3;

  ~ProducerRecoveryTest() override { engine->close(0ms); }

  Result<std::unique_ptr<ProducerClient>> make_client() {
    const std::scoped_lock lock(mutex);
    if (refuse_to_make) return Error(Error::Kind::other, "no more clients");
    auto made = std::make_unique<HandClient>();
    if (born_broken) made->break_down();
    clients.push_back(made.get());
    if (answers_themselves) made->answer_itself();
    changed.notify_all();
    return std::unique_ptr<ProducerClient>(std::move(made));
  }
  HandClient& wait_for_client(std::size_t count) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, kDeadline, [&] { return clients.size() >= count; }));
    return *clients.at(count - 1);
  }
  [[nodiscard]] Result<void> send(const std::string& payload) {
    Record record;
    record.topic = "orders";
    record.payload = payload;
    return engine->send(record, [this, payload](const Delivery& delivery) {
      const std::scoped_lock lock(mutex);
      ended.push_back(payload + (delivery.ok() ? "" : delivery.error->fatal() ? " fatal" : " failed"));
      changed.notify_all();
    });
  }
  [[nodiscard]] std::vector<std::string> wait_for_ended(std::size_t count) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, kDeadline, [&] { return ended.size() >= count; }));
    return ended;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<HandClient*> clients;
  std::vector<std::string> ended;
  bool refuse_to_make = false;
  bool born_broken = false;
  bool answers_themselves = false;
  HandClient* const first = new HandClient;  // the engine's
  std::shared_ptr<KeptLines> log = std::make_shared<KeptLines>();
  std::unique_ptr<ProducerEngine> engine = std::make_unique<ProducerEngine>(
      "test-p", std::unique_ptr<ProducerClient>(first), log,
      ProducerEngine::Options{.make_client = [this] { return make_client(); }, .max_rebuilds = kRebuilds});
};

TEST_F(ProducerRecoveryTest, WhatWasNotAcknowledgedIsSentAgainInItsOrder) {
  for (const char* payload : {"1", "2", "3", "4"}) ASSERT_TRUE(send(payload).ok());
  ASSERT_TRUE(first->answer());
  EXPECT_EQ(wait_for_ended(1), std::vector<std::string>{"1"});
  first->break_down();  // what it has comes back the other way round
  HandClient& second = wait_for_client(1);
  ASSERT_TRUE(second.wait_for_taken(3));
  EXPECT_EQ(second.taken(), (std::vector<std::string>{"2", "3", "4"}));
  second.answer_itself();
  EXPECT_EQ(wait_for_ended(4), (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_TRUE(engine->flush(kDeadline).ok());
  EXPECT_EQ(engine->figures().rebuilds, 1U);
}

TEST_F(ProducerRecoveryTest, WhatIsSentMeanwhileGoesBehindWhatCameBack) {
  ASSERT_TRUE(send("1").ok());
  {
    const std::scoped_lock lock(mutex);  // nobody gets a client yet
    first->break_down();
    while (
        !engine->failed() &&
        !first->send({.topic = "t", .partition = {}, .key = {}, .payload = {}, .headers = {}}, 0).error().fatal()) {
    }
    Record record;
    record.topic = "orders";
    record.payload = "2";
    ASSERT_TRUE(engine->send(record, {}).ok());
  }
  HandClient& second = wait_for_client(1);
  ASSERT_TRUE(second.wait_for_taken(2));
  EXPECT_EQ(second.taken(), (std::vector<std::string>{"1", "2"}));
  second.answer_itself();
  EXPECT_TRUE(engine->flush(kDeadline).ok());
}

TEST_F(ProducerRecoveryTest, ManyThreadsSendOnOverBreakdownsAndLoseNothing) {
  answers_themselves = true;
  first->answer_itself();
  constexpr int kThreads = 3;
  constexpr int kEach = 400;
  std::atomic<int> sent{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(send(std::to_string(t) + ":" + std::to_string(i)).ok());
        ++sent;
      }
    });
  }
  while (sent < kThreads * kEach / 3) std::this_thread::yield();
  first->break_down();
  HandClient& second = wait_for_client(1);
  while (sent < kThreads * kEach / 2) std::this_thread::yield();
  second.break_down();
  threads.clear();
  EXPECT_TRUE(engine->flush(kDeadline).ok());
  const auto all = wait_for_ended(kThreads * kEach);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_TRUE(std::ranges::none_of(all, [](const auto& text) { return text.find(' ') != std::string::npos; }));
}

TEST_F(ProducerRecoveryTest, AttemptsEndAndThenEverythingFailsInItsOrder) {
  born_broken = true;
  for (const char* payload : {"1", "2"}) ASSERT_TRUE(send(payload).ok());
  first->break_down();
  EXPECT_EQ(wait_for_ended(2), (std::vector<std::string>{"1 fatal", "2 fatal"}));
  EXPECT_EQ(clients.size(), kRebuilds);
  const auto refused = send("3");
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().fatal());
  EXPECT_NE(refused.error().text().find("lost its sequence numbers"), std::string::npos) << refused.error().text();
  EXPECT_TRUE(engine->failed());
}

TEST_F(ProducerRecoveryTest, AClientThatCantBeMadeIsAnAttempt) {
  refuse_to_make = true;
  ASSERT_TRUE(send("1").ok());
  first->break_down();
  EXPECT_EQ(wait_for_ended(1), std::vector<std::string>{"1 fatal"});
  EXPECT_NE(log->text().find("no more clients"), std::string::npos);
}

TEST_F(ProducerRecoveryTest, DeliveriesBetweenThemAllowAsManyAttemptsAgain) {
  answers_themselves = true;
  first->answer_itself();
  ASSERT_TRUE(send("0").ok());
  HandClient* client = first;
  for (std::size_t i = 1; i <= 2 * kRebuilds; ++i) {
    client->break_down();
    client = &wait_for_client(i);
    ASSERT_TRUE(send(std::to_string(i)).ok());
    ASSERT_TRUE(engine->flush(kDeadline).ok());
  }
  EXPECT_FALSE(engine->failed());
  EXPECT_EQ(wait_for_ended(2 * kRebuilds + 1).size(), 2 * kRebuilds + 1);
}

TEST_F(ProducerRecoveryTest, AReplayWaitsForRoom) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(send(std::to_string(i)).ok());
  {
    const std::scoped_lock lock(mutex);
    first->break_down();
  }
  HandClient& second = wait_for_client(1);
  second.set_capacity(1);
  std::size_t answered = 0;
  while (answered < 5) answered += second.answer() ? 1 : 0;
  EXPECT_TRUE(engine->flush(kDeadline).ok());
  EXPECT_EQ(wait_for_ended(5), (std::vector<std::string>{"0", "1", "2", "3", "4"}));
}

TEST_F(ProducerRecoveryTest, ACloseDoesNotWaitForAttempts) {
  refuse_to_make = true;
  ASSERT_TRUE(send("1").ok());
  first->break_down();
  const CloseReport report = engine->close(1ms);
  EXPECT_EQ(wait_for_ended(1).size(), 1U);
  EXPECT_LE(report.undelivered, 1U);
  EXPECT_EQ(engine->outstanding(), 0U);
}

// Its report would come from the failed client, which is gone then.
TEST_F(ProducerRecoveryTest, ARecordThatIsJustEnteringTheFailedClientIsSentAgain) {
  answers_themselves = true;
  auto late = std::async(std::launch::async, [&] { return send("late"); });
  ASSERT_TRUE(first->wait_for_the_late());
  first->break_down();
  {
    std::unique_lock lock(mutex);
    EXPECT_FALSE(changed.wait_for(lock, 50ms, [&] { return !clients.empty(); }))
        << "somebody is within the failed client";
  }
  first->let_in();
  EXPECT_TRUE(late.get().ok());
  EXPECT_EQ(wait_for_ended(1), std::vector<std::string>{"late"});
  EXPECT_EQ(wait_for_client(1).taken(), std::vector<std::string>{"late"});
}

TEST_F(ProducerRecoveryTest, ACloseEndsThePauseBetweenTwoAttempts) {
  refuse_to_make = true;
  auto* const client = new HandClient;
  ProducerEngine pauses(
      "test-p", std::unique_ptr<ProducerClient>(client), log,
      {.make_client = [this] { return make_client(); }, .max_rebuilds = 2, .rebuild_pause = kDeadline});
  client->break_down();  // it has nothing, so the flush has nothing to wait for
  while (log->text().find("no more clients") == std::string::npos) std::this_thread::yield();
  auto closed = std::async(std::launch::async, [&] { return pauses.close(kDeadline); });
  EXPECT_EQ(closed.wait_for(kDeadline / 2), std::future_status::ready);
  EXPECT_TRUE(closed.get().all_delivered());
}

TEST_F(ProducerRecoveryTest, WhatIsSentBehindTheLastAttemptBeginsAnewWhereItMay) {
  auto* const client = new HandClient;
  ProducerEngine anew("test-p", std::unique_ptr<ProducerClient>(client), log,
                      {.make_client = [this] { return make_client(); }, .max_rebuilds = 1, .begins_anew = true});
  const auto send_to_it = [&](std::string_view payload) {
    Record record;
    record.topic = "orders";
    record.payload = payload;
    return anew.send(record, [this, text = std::string(payload)](const Delivery& delivery) {
      const std::scoped_lock lock(mutex);
      ended.push_back(text + (delivery.ok() ? "" : delivery.error->fatal() ? " fatal" : " failed"));
      changed.notify_all();
    });
  };
  refuse_to_make = true;
  ASSERT_TRUE(send_to_it("1").ok());
  client->break_down();
  EXPECT_EQ(wait_for_ended(1), std::vector<std::string>{"1 fatal"});
  {
    const std::scoped_lock lock(mutex);
    refuse_to_make = false;
    answers_themselves = true;
  }
  ASSERT_TRUE(send_to_it("2").ok());
  EXPECT_EQ(wait_for_ended(2), (std::vector<std::string>{"1 fatal", "2"}));
  EXPECT_FALSE(anew.failed());
  EXPECT_TRUE(anew.close(kDeadline).all_delivered());
}

}  // namespace
}  // namespace braid::engine
