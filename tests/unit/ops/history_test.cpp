#include "ops/src/history.hpp"

#include "engine/instrumentation/event_hub.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace braid::ops {
namespace {

using std::chrono::milliseconds;

Monitor::Moment at(int ms) {
  return Monitor::Moment(milliseconds(ms));
}

events::AttemptFailed failed(std::int32_t partition, std::string error) {
  events::AttemptFailed event;
  event.where = {.consumer_group = "g", .topic = "orders", .partition = partition};
  event.error = std::move(error);
  event.next = events::Next::retry;
  event.pause = milliseconds(250);
  return event;
}

boost::json::array errors(const History& history) {
  return boost::json::parse(history.json(History::Kind::errors)).at("errors").as_array();
}

TEST(History, TellsTheNewestFirst) {
  History history;
  history.add(failed(0, "first"), at(1));
  history.add(failed(1, "second"), at(2));
  const auto entries = errors(history);
  ASSERT_EQ(entries.size(), 2U);
  const auto& newest = entries[0].as_object();
  EXPECT_EQ(newest.at("event").as_string(), "attempt.failed");
  EXPECT_EQ(newest.at("at_ms").as_int64(), 2);
  EXPECT_EQ(newest.at("topic").as_string(), "orders");
  EXPECT_EQ(newest.at("partition").as_int64(), 1);
  EXPECT_EQ(newest.at("error").as_string(), "second");
  EXPECT_EQ(newest.at("next").as_string(), "retry");
  EXPECT_EQ(newest.at("pause_ms").as_int64(), 250);
  EXPECT_TRUE(newest.at("culprit").is_null());
  EXPECT_EQ(history.revision(), 2U);
}

// One message that fails for ever must not push out what else went wrong.
TEST(History, WhatRepeatsTakesOneEntry) {
  History history;
  history.add(failed(7, "rare"), at(0));
  for (int i = 1; i <= 1000; ++i) history.add(failed(0, "again and again"), at(i));
  const auto entries = errors(history);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].at("repeats").to_number<int>(), 1000);
  EXPECT_EQ(entries[0].at("first_at_ms").as_int64(), 1);
  EXPECT_EQ(entries[0].at("at_ms").as_int64(), 1000);
  EXPECT_EQ(entries[1].at("error").as_string(), "rare");
}

TEST(History, IsBounded) {
  History history;
  for (int i = 0; i < 1000; ++i) history.add(failed(i, "error " + std::to_string(i)), at(i));
  const auto value = boost::json::parse(history.json(History::Kind::errors));
  EXPECT_EQ(value.at("errors").as_array().size(), History::kMost);
  EXPECT_EQ(value.at("forgotten").to_number<std::size_t>(), 1000 - History::kMost);
  EXPECT_EQ(value.at("errors").at(0).at("error").as_string(), "error 999");
}

TEST(History, KeepsKindsApartAndNothingElse) {
  History history;
  history.add(events::DeadLetterSent{.where = {}, .offset = 5, .dead_letter_topic = "dlq"}, at(1));
  history.add(events::PartitionsRevoked{.partitions = {{"orders", 3, -1}}, .lost = true}, at(2));
  history.add(events::JobStarted{}, at(3));
  EXPECT_TRUE(errors(history).empty());
  const auto letters = boost::json::parse(history.json(History::Kind::letters)).at("letters").as_array();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].at("dead_letter_topic").as_string(), "dlq");
  const auto rebalances = boost::json::parse(history.json(History::Kind::rebalances)).at("rebalances").as_array();
  ASSERT_EQ(rebalances.size(), 1U);
  EXPECT_EQ(rebalances[0].at("partitions").at(0).at("partition").as_int64(), 3);
  EXPECT_TRUE(rebalances[0].at("lost").as_bool());
}

TEST(History, HearsOfEvents) {
  Monitor monitor;
  History history;
  history.listen(monitor);
  monitor.hub()->emit<events::AttemptFailed>([] { return failed(3, "on purpose"); });
  monitor.hub()->emit<events::PartitionsAssigned>([] { return events::PartitionsAssigned{}; });
  ASSERT_TRUE(monitor.flush());
  EXPECT_EQ(history.revision(), 2U);
  EXPECT_EQ(errors(history).at(0).at("partition").as_int64(), 3);
}

}  // namespace
}  // namespace braid::ops
