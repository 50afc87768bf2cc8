#include "runtime/make_producer.hpp"
#include "unit/engine/producer/hand_client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::runtime {
namespace {

using namespace std::chrono_literals;
using engine::HandClient;
using engine::kDeadline;

Record record(std::string_view payload) {
  Record made;
  made.topic = "orders";
  made.payload = payload;
  return made;
}

const Error kLost(Error::Kind::timed_out, "no acknowledgement");

// The coroutine runs on the test's own thread, which also plays the broker: what blocks it never ends.
class FlushAsyncTest : public ::testing::Test {
 protected:
  ~FlushAsyncTest() override {
    if (front) front->close(0ms);
  }

  // As a Producer ends.
  void end_producer() {
    front->close(0ms);
    front.reset();
  }
  template <class T>
  void start(Awaitable<T> work, std::optional<T>& result) {
    boost::asio::co_spawn(*context, keep(std::move(work), result),
                          [](const std::exception_ptr& thrown) { EXPECT_EQ(thrown, nullptr); });
  }
  void start_flush(std::chrono::milliseconds timeout) {
    outcome.reset();
    context->restart();
    if (flush_of) return flush_of(timeout);
    boost::asio::co_spawn(*context, flush_async(front, timeout),
                          [this](const std::exception_ptr&, Result<void> result) { outcome = std::move(result); });
  }
  template <class Holds>
  [[nodiscard]] bool run_until(Holds&& holds) {
    const auto until = std::chrono::steady_clock::now() + kDeadline;
    while (!holds() && std::chrono::steady_clock::now() < until) context->run_one_for(10ms);
    return holds();
  }
  // The flush looks some times, and goes on if it can.
  void let_it_look() {
    for (int i = 0; i < 5; ++i) context->run_one_for(50ms);
  }
  [[nodiscard]] bool run_until_taken(std::size_t count) {
    return run_until([&] { return client->taken().size() >= count; });
  }
  [[nodiscard]] bool run_until_over() {
    return run_until([&] { return outcome.has_value(); });
  }

  HandClient* const client = new HandClient;  // the engine's
  std::shared_ptr<engine::KeptLines> log = std::make_shared<engine::KeptLines>();
  std::shared_ptr<engine::ProducerFront> front = std::make_shared<engine::ProducerFront>(
      std::make_unique<engine::ProducerEngine>("test-p", std::unique_ptr<engine::ProducerClient>(client), log,
                                               engine::ProducerEngine::Options{.max_wait_for_room = kDeadline}),
      log, engine::ProducerFront::Rules{});
  std::unique_ptr<boost::asio::io_context> context = std::make_unique<boost::asio::io_context>();
  std::optional<Result<void>> outcome;
  std::function<void(std::chrono::milliseconds)> flush_of;  // none: one that nobody cancels

 private:
  template <class T>
  static Awaitable<void> keep(Awaitable<T> work, std::optional<T>& result) {
    result = co_await std::move(work);
  }
};

TEST_F(FlushAsyncTest, WaitsForRoomWithoutAThread) {
  client->set_capacity(1);
  ASSERT_TRUE(front->buffer(std::array{record("1"), record("2")}).ok());
  start_flush(kDeadline);
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until_taken(1));
  let_it_look();  // there is no room
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kDeadline / 2) << "it blocks its executor's thread";
  client->answer();
  ASSERT_TRUE(run_until_taken(2));
  client->answer();
  ASSERT_TRUE(run_until_over());
  EXPECT_TRUE(outcome->ok());
}

TEST_F(FlushAsyncTest, WhatFailsMeanwhileIsForTheNextFlush) {
  client->set_capacity(1);
  ASSERT_TRUE(front->buffer(std::array{record("1"), record("2"), record("3")}).ok());
  start_flush(kDeadline);
  ASSERT_TRUE(run_until_taken(1));
  let_it_look();  // there is no room for the second
  client->answer(kLost);
  ASSERT_TRUE(run_until_taken(2));
  client->answer();
  ASSERT_TRUE(run_until_taken(3));
  client->answer();
  ASSERT_TRUE(run_until_over());
  EXPECT_EQ(client->taken(), (std::vector<std::string>{"1", "2", "3"}));
  ASSERT_FALSE(outcome->ok());
  EXPECT_NE(outcome->error().text().find("1 records were not delivered"), std::string::npos)
      << outcome->error().text();
  client->answer_itself();
  start_flush(kDeadline);
  ASSERT_TRUE(run_until_over());
  EXPECT_TRUE(outcome->ok());
  EXPECT_EQ(client->taken(), (std::vector<std::string>{"1", "2", "3", "1"}));
}

TEST_F(FlushAsyncTest, WhatAnEarlierOneHasOnItsWayComesBackFirst) {
  ASSERT_TRUE(front->buffer(std::array{record("1"), record("2")}).ok());
  EXPECT_EQ(front->flush(1ms).error().kind(), Error::Kind::timed_out);
  ASSERT_TRUE(front->buffer(std::array{record("3")}).ok());
  start_flush(kDeadline);
  let_it_look();
  EXPECT_EQ(client->taken(), (std::vector<std::string>{"1", "2"}));
  client->answer(kLost);
  client->answer(kLost);
  client->answer_itself();
  ASSERT_TRUE(run_until_over());
  EXPECT_TRUE(outcome->ok());
  EXPECT_EQ(client->taken(), (std::vector<std::string>{"1", "2", "1", "2", "3"}));
}

TEST_F(FlushAsyncTest, WaitsForItsTurn) {
  ASSERT_TRUE(front->buffer(std::array{record("1")}).ok());
  auto other = front->begin_flush(std::chrono::steady_clock::now());
  ASSERT_NE(other, nullptr);
  start_flush(1ms);
  ASSERT_TRUE(run_until_over());
  EXPECT_EQ(outcome->error().kind(), Error::Kind::timed_out);
  EXPECT_TRUE(client->taken().empty());
  client->answer_itself();
  start_flush(kDeadline);
  let_it_look();
  EXPECT_TRUE(client->taken().empty());
  other.reset();
  ASSERT_TRUE(run_until_over());
  EXPECT_TRUE(outcome->ok());
  EXPECT_EQ(client->taken(), std::vector<std::string>{"1"});
}

// What each flush below waits for as its producer ends, or it is cancelled itself.
enum class Waits : std::uint8_t { for_its_turn, for_an_earlier_one, for_room, for_reports };

std::ostream& operator<<(std::ostream& out, Waits waits) {
  static constexpr std::array kNames{"turn", "earlier", "room", "reports"};
  return out << kNames.at(static_cast<std::size_t>(waits));
}

class FlushAsyncEndTest : public FlushAsyncTest, public ::testing::WithParamInterface<Waits> {
 protected:
  [[nodiscard]] bool flush_waits() {
    const Waits waits = GetParam();
    if (waits == Waits::for_room) client->take_at_most(0);
    EXPECT_TRUE(front->buffer(std::array{record("1"), record("2")}).ok());
    if (waits == Waits::for_its_turn) other = front->begin_flush(std::chrono::steady_clock::now());
    if (waits == Waits::for_an_earlier_one) EXPECT_FALSE(front->flush(1ms).ok());
    start_flush(kDeadline);
    if (waits == Waits::for_reports && !run_until_taken(2)) return false;
    let_it_look();
    return !outcome;
  }

  std::unique_ptr<engine::ProducerFront::Flush> other;
};

INSTANTIATE_TEST_SUITE_P(All, FlushAsyncEndTest,
                         ::testing::Values(Waits::for_its_turn, Waits::for_an_earlier_one, Waits::for_room,
                                           Waits::for_reports),
                         ::testing::PrintToStringParamName());

TEST_P(FlushAsyncEndTest, AProducerThatEndsMeanwhileIsAnError) {
  ASSERT_TRUE(flush_waits());
  other.reset();
  const auto begun = std::chrono::steady_clock::now();
  end_producer();
  ASSERT_TRUE(run_until_over());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kDeadline / 2);
  ASSERT_FALSE(outcome->ok());
  EXPECT_EQ(outcome->error().kind(), Error::Kind::closed) << outcome->error().text();
}

// The flush's coroutine and the close share a thread, so that the one can't go on within the other.
TEST_P(FlushAsyncEndTest, ACloseGoesOnWhereItWasAndDeliversAll) {
  ASSERT_TRUE(flush_waits());
  other.reset();
  client->take_at_most(2);
  client->answer_itself();
  const auto begun = std::chrono::steady_clock::now();
  const CloseReport report = front->close(kDeadline);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kDeadline / 2) << "it waited for the flush";
  EXPECT_TRUE(report.all_delivered());
  EXPECT_EQ(client->taken(), (std::vector<std::string>{"1", "2"}));
  ASSERT_TRUE(run_until_over());
}

TEST_P(FlushAsyncEndTest, ACancelledOneEndsByAnErrorAndLosesNothing) {
  boost::asio::cancellation_signal cancels;
  bool over = false;
  const auto cancelled_flush = [&](std::chrono::milliseconds timeout) {
    boost::asio::co_spawn(*context, flush_async(front, timeout),
                          boost::asio::bind_cancellation_slot(
                              cancels.slot(), [&](const std::exception_ptr& thrown, Result<void> result) {
                                EXPECT_EQ(thrown, nullptr);
                                outcome = std::move(result);
                                over = true;
                              }));
  };
  flush_of = cancelled_flush;
  ASSERT_TRUE(flush_waits());
  cancels.emit(boost::asio::cancellation_type::terminal);
  ASSERT_TRUE(run_until([&] { return over; }));
  ASSERT_FALSE(outcome->ok());
  EXPECT_NE(outcome->error().text().find("cancelled"), std::string::npos) << outcome->error().text();
  other.reset();
  client->take_at_most(2);
  client->answer_itself();
  EXPECT_TRUE(front->flush(kDeadline / 2).ok()) << "the turn is not given back";
  EXPECT_EQ(client->taken(), (std::vector<std::string>{"1", "2"}));
}

TEST_P(FlushAsyncEndTest, AContextThatEndsGivesTheTurnBack) {
  ASSERT_TRUE(flush_waits());
  context.reset();
  other.reset();
  client->take_at_most(2);
  client->answer_itself();
  EXPECT_TRUE(front->flush(kDeadline / 2).ok()) << "the turn is not given back";
}

TEST_P(FlushAsyncEndTest, AContextMayEndBehindTheProducer) {
  ASSERT_TRUE(flush_waits());
  other.reset();
  end_producer();
  context.reset();
  EXPECT_EQ(log.use_count(), 1) << "something of the producer is left";
}

TEST_F(FlushAsyncTest, WhatBeginsBehindTheEndOfItsProducerIsRefused) {
  Awaitable<Result<void>> flush = flush_async(front, kDeadline);
  Awaitable<Result<Delivery>> one = produce_async(front, record("1"));
  Awaitable<ManyDelivered> many = produce_many_async(front, {record("2"), record("3")});
  end_producer();
  std::optional<Result<Delivery>> delivery;
  std::optional<ManyDelivered> deliveries;
  start(std::move(flush), outcome);
  start(std::move(one), delivery);
  start(std::move(many), deliveries);
  ASSERT_TRUE(run_until([&] { return outcome && delivery && deliveries; }));
  EXPECT_EQ(outcome->error().kind(), Error::Kind::closed);
  EXPECT_EQ(delivery->error().kind(), Error::Kind::closed);
  EXPECT_EQ(deliveries->error->kind(), Error::Kind::closed);
  ASSERT_EQ(deliveries->each.size(), 2U);
  EXPECT_FALSE(deliveries->each[1].ok());
}

TEST_F(FlushAsyncTest, WhatWaitsForRoomAsItsProducerEndsIsRefused) {
  client->set_capacity(1);
  std::optional<Result<Delivery>> delivery;
  std::optional<ManyDelivered> deliveries;
  start(produce_many_async(front, {record("1"), record("2")}), deliveries);
  ASSERT_TRUE(run_until_taken(1));
  start(produce_async(front, record("3")), delivery);
  let_it_look();
  EXPECT_FALSE(delivery || deliveries);
  end_producer();
  ASSERT_TRUE(run_until([&] { return delivery && deliveries; }));
  EXPECT_EQ(delivery->error().kind(), Error::Kind::closed);
  ASSERT_EQ(deliveries->each.size(), 2U);
  EXPECT_EQ(deliveries->each[0].error->kind(), Error::Kind::closed) << "it was given up";
  EXPECT_EQ(deliveries->each[1].error->kind(), Error::Kind::closed) << "it was not sent";
  EXPECT_NE(deliveries->error->text().find("record 1 of 2"), std::string::npos) << deliveries->error->text();
}

}  // namespace
}  // namespace braid::runtime
