#include "runtime/make_producer.hpp"
#include "unit/engine/producer/hand_client.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  ~FlushAsyncTest() override { front.close(0ms); }

  void start_flush(std::chrono::milliseconds timeout) {
    outcome.reset();
    context.restart();
    boost::asio::co_spawn(context, flush_async(front, timeout),
                          [this](const std::exception_ptr&, Result<void> result) { outcome = std::move(result); });
  }
  template <class Holds>
  [[nodiscard]] bool run_until(Holds&& holds) {
    const auto until = std::chrono::steady_clock::now() + kDeadline;
    while (!holds() && std::chrono::steady_clock::now() < until) context.run_one_for(10ms);
    return holds();
  }
  // The flush looks some times, and goes on if it can.
  void let_it_look() {
    for (int i = 0; i < 5; ++i) context.run_one_for(50ms);
  }
  [[nodiscard]] bool run_until_taken(std::size_t count) {
    return run_until([&] { return client->taken().size() >= count; });
  }
  [[nodiscard]] bool run_until_over() {
    return run_until([&] { return outcome.has_value(); });
  }

  HandClient* const client = new HandClient;  // the engine's
  std::shared_ptr<engine::KeptLines> log = std::make_shared<engine::KeptLines>();
  engine::ProducerFront front{
      std::make_unique<engine::ProducerEngine>("test-p", std::unique_ptr<engine::ProducerClient>(client), log,
                                               engine::ProducerEngine::Options{.max_wait_for_room = kDeadline}),
      log,
      {}};
  boost::asio::io_context context;
  std::optional<Result<void>> outcome;
};

TEST_F(FlushAsyncTest, WaitsForRoomWithoutAThread) {
  client->set_capacity(1);
  ASSERT_TRUE(front.buffer(std::array{record("1"), record("2")}).ok());
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
  ASSERT_TRUE(front.buffer(std::array{record("1"), record("2"), record("3")}).ok());
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
  ASSERT_TRUE(front.buffer(std::array{record("1"), record("2")}).ok());
  EXPECT_EQ(front.flush(1ms).error().kind(), Error::Kind::timed_out);
  ASSERT_TRUE(front.buffer(std::array{record("3")}).ok());
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
  ASSERT_TRUE(front.buffer(std::array{record("1")}).ok());
  auto other = front.begin_flush(std::chrono::steady_clock::now());
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

}  // namespace
}  // namespace braid::runtime
