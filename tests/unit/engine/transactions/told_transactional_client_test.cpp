#include "engine/transactions/told_transactional_client.hpp"

#include "engine/instrumentation/event_hub.hpp"
#include "unit/engine/bell.hpp"
#include "unit/engine/transactions/told_client.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace braid::engine {
namespace {

using test_support::Bell;
using test_support::ToldClient;
using test_support::TransactionScript;

class ToldTransactionalClientTest : public ::testing::Test {
 protected:
  ToldTransactionalClientTest() {
    hub->subscribe((std::uint64_t{1} << kEventKinds) - 1,
                   [this](const Event& event, Monitor::Moment) { events_.push_back(event); });
  }
  ~ToldTransactionalClientTest() override { hub->close(); }
  std::vector<Event> told_events() {
    EXPECT_TRUE(hub->flush(Bell::kPatience));
    return events_;
  }
  void send(std::uint32_t records) {
    for (std::uint32_t i = 1; i <= records; ++i) {
      ASSERT_TRUE(
          client->send(OutgoingMessage{.topic = "t", .partition = {}, .key = {}, .payload = {}, .headers = {}}, i)
              .ok());
    }
  }

  const std::shared_ptr<EventHub> hub = std::make_shared<EventHub>();
  const std::shared_ptr<TransactionScript> script = std::make_shared<TransactionScript>();
  const std::unique_ptr<TransactionalClient> client = told(std::make_unique<ToldClient>(script), "shop-0", hub);

 private:
  std::vector<Event> events_;
};

TEST_F(ToldTransactionalClientTest, PassesEverythingOn) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  send(1);
  ASSERT_TRUE(client->commit_sent({}).ok());
  ASSERT_TRUE(client->commit({}, nullptr).ok());
  ASSERT_TRUE(client->abort().ok());
  EXPECT_EQ(script->said(),
            (std::vector<std::string>{"init", "begin", "send -", "commit", "commit with a position", "abort"}));
}

TEST_F(ToldTransactionalClientTest, ACommitIsToldWithItsRecords) {
  ASSERT_TRUE(client->begin().ok());
  send(3);
  ASSERT_TRUE(client->commit_sent({}).ok());
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(client->commit({}, nullptr).ok());
  const auto events = told_events();
  ASSERT_EQ(events.size(), 2u);
  const auto* const first = std::get_if<events::TransactionCommitted>(&events[0]);
  const auto* const second = std::get_if<events::TransactionCommitted>(&events[1]);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->transactional_id, "shop-0");
  EXPECT_EQ(first->records, 3u);
  EXPECT_EQ(second->records, 0u) << "a position alone";
}

TEST_F(ToldTransactionalClientTest, AFailedCommitIsToldOnceThoughAnAbortFollows) {
  ASSERT_TRUE(client->begin().ok());
  send(2);
  script->fail_next("commit", Error(Error::Kind::in_doubt, "no answer"));
  EXPECT_FALSE(client->commit_sent({}).ok());
  ASSERT_TRUE(client->abort().ok());
  const auto events = told_events();
  ASSERT_EQ(events.size(), 1u);
  const auto* const aborted = std::get_if<events::TransactionAborted>(&events[0]);
  ASSERT_TRUE(aborted);
  EXPECT_EQ(aborted->kind, Error::Kind::in_doubt);
  EXPECT_EQ(aborted->error, "no answer");
  EXPECT_EQ(aborted->records, 2u);
}

TEST_F(ToldTransactionalClientTest, AnAbortIsTold) {
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(client->abort().ok());
  ASSERT_TRUE(client->abort().ok()) << "of nothing that was begun";
  const auto events = told_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<events::TransactionAborted>(events[0]).kind, Error::Kind::aborted);
}

TEST_F(ToldTransactionalClientTest, WhatDidNotBeginIsNotTold) {
  script->fail_next("begin", Error(Error::Kind::fenced, "another one"));
  EXPECT_FALSE(client->begin().ok());
  ASSERT_TRUE(client->abort().ok());
  EXPECT_TRUE(told_events().empty());
}

}  // namespace
}  // namespace braid::engine
