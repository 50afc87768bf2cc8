#include "ops/src/snapshot_json.hpp"

#include "fake_source.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <string>

namespace braid::ops {
namespace {

namespace json = boost::json;

TEST(SnapshotJson, OfTheApplication) {
  const json::value value = json::parse(application_json(example_snapshot()));
  EXPECT_EQ(value.at("state").as_string(), "running");
  EXPECT_EQ(value.at("taken_at_ms").as_int64(), 1'700'000'000'000);
  EXPECT_TRUE(value.at("failure").is_null());
  EXPECT_EQ(value.at("figures").at("messages_done").to_number<int>(), 1234);
  EXPECT_EQ(value.at("topics").at(0).at("topic").as_string(), "orders");
  EXPECT_EQ(value.at("topics").at(0).at("batches").to_number<int>(), 7);
}

TEST(SnapshotJson, OfConnections) {
  const json::value value = json::parse(connections_json(example_snapshot()));
  const auto& connections = value.at("connections").as_array();
  ASSERT_EQ(connections.size(), 2U);
  EXPECT_EQ(connections[0].at("partitions").as_array().size(), 2U);
  EXPECT_EQ(connections[0].at("consumer_group").as_string(), "g");
  EXPECT_EQ(connections[1].at("state").as_string(), "silent");
}

TEST(SnapshotJson, OfPartitionsInOrder) {
  const json::value value = json::parse(partitions_json(example_snapshot(), {}));
  const auto& partitions = value.at("partitions").as_array();
  ASSERT_EQ(partitions.size(), 2U);
  EXPECT_EQ(partitions[0].at("topic").as_string(), "clicks");
  const auto& orders = partitions[1];
  EXPECT_EQ(orders.at("connection").as_string(), "braid-l-0");
  EXPECT_EQ(orders.at("committed_lag").as_int64(), 100);
  EXPECT_EQ(orders.at("processed_lag").as_int64(), 60);
  EXPECT_TRUE(orders.at("taken_to").is_null());
  EXPECT_EQ(orders.at("with_work").to_number<int>(), 4);
}

TEST(SnapshotJson, LeavesOutWhatWasNotAskedFor) {
  const auto count = [](const Selection& selection) {
    return json::parse(partitions_json(example_snapshot(), selection)).at("partitions").as_array().size();
  };
  EXPECT_EQ(count({.topic = "orders"}), 1U);
  EXPECT_EQ(count({.topic = "orders", .partition = 3}), 1U);
  EXPECT_EQ(count({.topic = "orders", .partition = 0}), 0U);
  EXPECT_EQ(count({.topic = "nothing"}), 0U);
}

TEST(SnapshotJson, OfVirtualPartitions) {
  const json::value value = json::parse(virtual_partitions_json(example_snapshot(), {.topic = "orders"}));
  const auto& work = value.at("virtual_partitions").as_array();
  ASSERT_EQ(work.size(), 2U);
  EXPECT_EQ(work[0].at("virtual_partition").as_int64(), 1);
  EXPECT_EQ(work[0].at("state").as_string(), "running");
  EXPECT_EQ(work[0].at("key").as_string(), "k\xEF\xBF\xBD");  // it was no UTF-8
  EXPECT_EQ(work[0].at("running_for_ms").as_int64(), 1500);
  EXPECT_EQ(work[0].at("topic").as_string(), "orders");
  EXPECT_EQ(work[1].at("state").as_string(), "retry");
  EXPECT_EQ(work[1].at("retry_in_ms").as_int64(), 20);
  EXPECT_TRUE(work[1].at("first_offset").is_null());
  EXPECT_EQ(value.at("left_out").to_number<int>(), 2);
}

TEST(SnapshotJson, JobsComeWithTheLongestFirst) {
  const json::value value = json::parse(jobs_json(example_snapshot()));
  const auto& jobs = value.at("jobs").as_array();
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].at("running_for_ms").as_int64(), 90'000);
  EXPECT_TRUE(jobs[0].at("assignment_is_over").as_bool());
  EXPECT_EQ(jobs[0].at("generation").to_number<int>(), 8);
  EXPECT_EQ(jobs[1].at("thread").as_int64(), 77);
  EXPECT_FALSE(jobs[1].at("assignment_is_over").as_bool());
}

TEST(SnapshotJson, OfTheConfiguration) {
  const ConfigurationSnapshot configuration{
      .settings = {{"concurrency", "4"}}, .kafka = {{"sasl.password", "***"}}, .routes = "consumer group g\n"};
  const json::value value = json::parse(configuration_json(configuration));
  EXPECT_EQ(value.at("settings").at("concurrency").as_string(), "4");
  EXPECT_EQ(value.at("kafka").at("sasl.password").as_string(), "***");
  EXPECT_EQ(value.at("routes").as_string(), "consumer group g\n");
}

// A line of its own would end a piece of news.
TEST(SnapshotJson, NewsAreOneLine) {
  const std::string news = live_json(example_snapshot(), 17);
  EXPECT_EQ(news.find('\n'), std::string::npos);
  const json::value value = json::parse(news);
  EXPECT_EQ(value.at("history").to_number<int>(), 17);
  EXPECT_EQ(value.at("partitions").at(1).at("work").as_array().size(), 2U);
  EXPECT_EQ(value.at("application").at("concurrency").to_number<int>(), 4);
}

}  // namespace
}  // namespace braid::ops
