#include "engine/instrumentation/event_hub.hpp"
#include "metrics/src/metric_catalogue.hpp"
#include "unit/engine/bell.hpp"

#include <braid/prometheus_metrics.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid {
namespace {

using namespace std::chrono_literals;
using test_support::Bell;

class PrometheusMetricsTest : public ::testing::Test {
 protected:
  PrometheusMetrics& metrics(PrometheusMetrics::Options options = {}) {
    if (!metrics_) {
      metrics_.emplace(PrometheusMetrics::Sources{.monitor = &monitor,
                                                  .figures = [this] { return figures; },
                                                  .topic_figures = [this] { return topics; }},
                       std::move(options));
    }
    return *metrics_;
  }
  template <class E>
  void tell(const E& event) {
    monitor.hub()->emit<E>([&] { return event; });
    ASSERT_TRUE(monitor.flush(Bell::kPatience));
  }
  void measured(std::int32_t partition, std::int64_t lag) {
    tell(events::PartitionMeasured{.where = {"group", "clicks", partition},
                                   .committed_lag = lag,
                                   .oldest_open_age = 1500ms,
                                   .bytes_held = 4096});
  }
  void add_topic(const std::string& group, const std::string& topic) {
    TopicFigures& added = topics.emplace_back();
    added.consumer_group = group;
    added.topic = topic;
  }
  // What stands behind the name and its labels; none: there is no such line.
  std::optional<double> value(std::string_view series) {
    std::istringstream text(metrics().text());
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with(series) && line[series.size()] == ' ') return std::stod(line.substr(series.size() + 1));
    }
    return std::nullopt;
  }

  Monitor monitor;
  Figures figures;
  std::vector<TopicFigures> topics;

 private:
  std::optional<PrometheusMetrics> metrics_;
};

TEST_F(PrometheusMetricsTest, CountersFollowTheFigures) {
  figures.messages_done = 10;
  EXPECT_EQ(value("braid_messages_done_total"), 10);
  EXPECT_EQ(value("braid_messages_done_total"), 10) << "asking changes nothing";
  figures.messages_done = 25;
  figures.jobs_running = 3;
  EXPECT_EQ(value("braid_messages_done_total"), 25);
  EXPECT_EQ(value("braid_jobs_running"), 3);
  figures.jobs_running = 1;
  EXPECT_EQ(value("braid_jobs_running"), 1);
}

TEST_F(PrometheusMetricsTest, BatchesBecomeHistogramsOfTheirTopic) {
  metrics();
  tell(events::BatchSettled{.where = {"group", "clicks", 3},
                            .messages = 100,
                            .took = 20ms,
                            .consumption_lag = 1500ms,
                            .processing_lag = 300us});
  tell(events::BatchSettled{.where = {"group", "clicks", 4}, .messages = 7, .took = 2s, .consumption_lag = 0ms});
  const std::string topic = R"({consumer_group="group",topic="clicks"})";
  EXPECT_EQ(value("braid_batch_messages_count" + topic), 2);
  EXPECT_EQ(value("braid_batch_messages_sum" + topic), 107);
  EXPECT_DOUBLE_EQ(value("braid_batch_duration_seconds_sum" + topic).value_or(-1), 2.02);
  EXPECT_DOUBLE_EQ(value("braid_consumption_lag_seconds_sum" + topic).value_or(-1), 1.5);
  EXPECT_DOUBLE_EQ(value("braid_processing_lag_seconds_sum" + topic).value_or(-1), 0.0003);
  EXPECT_EQ(value(R"(braid_batch_duration_seconds_bucket{consumer_group="group",topic="clicks",le="0.05"})"), 1);
  EXPECT_EQ(value(R"(braid_batch_duration_seconds_bucket{consumer_group="group",topic="clicks",le="+Inf"})"), 2);
}

TEST_F(PrometheusMetricsTest, ProducersAndTransactionsAreCounted) {
  metrics();
  tell(events::RecordsDelivered{.producer = "braid-p-0", .delivered = 100, .failed = 2, .outstanding = 7});
  tell(events::RecordsDelivered{.producer = "braid-p-0", .delivered = 50, .outstanding = 0});
  tell(events::RecordsFailed{
      .producer = "braid-p-0", .topic = "orders", .kind = Error::Kind::timed_out, .records = 2});
  tell(events::ProducerReplaced{.producer = "braid-p-0"});
  EXPECT_EQ(value(R"(braid_records_delivered_total{producer="braid-p-0"})"), 150);
  EXPECT_EQ(value(R"(braid_records_outstanding{producer="braid-p-0"})"), 0);
  EXPECT_EQ(value(R"(braid_records_failed_total{kind="timed_out",producer="braid-p-0"})"), 2);
  EXPECT_EQ(value(R"(braid_producer_replacements_total{producer="braid-p-0"})"), 1);
  tell(events::TransactionCommitted{.transactional_id = "shop-0", .records = 10, .took = 20ms});
  tell(events::TransactionAborted{.transactional_id = "shop-0", .kind = Error::Kind::timed_out});
  tell(events::TransactionAborted{.transactional_id = "shop-1", .kind = Error::Kind::in_doubt});
  EXPECT_EQ(value(R"(braid_transactions_total{outcome="committed"})"), 1);
  EXPECT_EQ(value(R"(braid_transactions_total{outcome="aborted"})"), 1);
  EXPECT_EQ(value(R"(braid_transactions_total{outcome="in_doubt"})"), 1);
  EXPECT_EQ(value(R"(braid_transaction_records_sum{outcome="committed"})"), 10);
  EXPECT_EQ(value(R"(braid_transaction_duration_seconds_sum{outcome="committed"})"), 0.02);
}

TEST_F(PrometheusMetricsTest, ClientsAreToldByTheirStatistics) {
  metrics();
  events::ClientMeasured client{
      .client = "braid-0",
      .rebalances = 3,
      .fetch_queue_messages = 100,
      .fetch_queue_bytes = 4096,
      .received_bytes = 1'000,
      .brokers = {
          {.broker = 2, .up = true, .round_trip = 2500us, .throttle = 10ms, .waiting = 4, .disconnects = 1}}};
  tell(client);
  EXPECT_EQ(value(R"(braid_client_rebalances_total{client="braid-0"})"), 3);
  EXPECT_EQ(value(R"(braid_client_fetch_queue_messages{client="braid-0"})"), 100);
  EXPECT_EQ(value(R"(braid_client_fetch_queue_bytes{client="braid-0"})"), 4096);
  EXPECT_EQ(value(R"(braid_client_send_queue_messages{client="braid-0"})"), std::nullopt) << "it sends none";
  const std::string broker = R"({broker="2",client="braid-0"})";
  EXPECT_EQ(value("braid_broker_up" + broker), 1);
  EXPECT_EQ(value("braid_broker_round_trip_seconds" + broker), 0.0025);
  EXPECT_EQ(value("braid_broker_throttle_seconds" + broker), 0.01);
  EXPECT_EQ(value("braid_broker_requests_waiting" + broker), 4);
  EXPECT_EQ(value("braid_broker_disconnects_total" + broker), 1);
  client.received_bytes = 1'500;
  tell(client);
  EXPECT_EQ(value(R"(braid_client_received_bytes_total{client="braid-0"})"), 1'500);
  client.received_bytes = 200;
  client.rebalances = 1;
  tell(client);
  EXPECT_EQ(value(R"(braid_client_received_bytes_total{client="braid-0"})"), 1'700) << "another client has begun";
  EXPECT_EQ(value(R"(braid_client_rebalances_total{client="braid-0"})"), 4);
}

TEST_F(PrometheusMetricsTest, PartitionsAreThereWhileTheyAreAssigned) {
  metrics();
  measured(0, 12);
  measured(1, 5);
  measured(0, 9);
  const std::string lag = R"(braid_partition_committed_lag{consumer_group="group",partition="0",topic="clicks"})";
  const std::string other = R"(braid_partition_committed_lag{consumer_group="group",partition="1",topic="clicks"})";
  EXPECT_EQ(value(lag), 9);
  EXPECT_EQ(value(other), 5);
  EXPECT_EQ(
      value(R"(braid_partition_oldest_open_age_seconds{consumer_group="group",partition="0",topic="clicks"})"),
      1.5);
  tell(events::PartitionsRevoked{
      .where = {"group", "lane", 0}, .partitions = {{"clicks", 0}}, .held = 1, .took = 250ms});
  EXPECT_EQ(value(lag), std::nullopt);
  EXPECT_EQ(value(other), 5);
  EXPECT_EQ(value(R"(braid_rebalances_total{consumer_group="group"})"), 1);
  EXPECT_EQ(value(R"(braid_revocation_duration_seconds_sum{consumer_group="group"})"), 0.25);
  measured(0, 3);
  EXPECT_EQ(value(lag), 3) << "it is back";
}

TEST_F(PrometheusMetricsTest, WhatIsNotKnownAnyMoreIsNotTold) {
  metrics();
  measured(0, 12);
  tell(events::PartitionMeasured{.where = {"group", "clicks", 0}});
  EXPECT_EQ(value(R"(braid_partition_committed_lag{consumer_group="group",partition="0",topic="clicks"})"),
            std::nullopt);
}

TEST_F(PrometheusMetricsTest, SetsOfLabelsAreBounded) {
  metrics({.max_label_sets = 3});
  for (std::int32_t partition = 0; partition < 10; ++partition) measured(partition, partition);
  EXPECT_EQ(value(R"(braid_partition_open_offsets{consumer_group="group",partition="2",topic="clicks"})"), 0);
  EXPECT_EQ(value(R"(braid_partition_open_offsets{consumer_group="group",partition="3",topic="clicks"})"),
            std::nullopt);
  EXPECT_GT(value("braid_label_sets_left_out_total").value_or(0), 0);
}

TEST_F(PrometheusMetricsTest, ErrorsAreCountedByTypeAndKind) {
  metrics();
  tell(events::ErrorOccurred{.type = events::ErrorType::partitioner, .times = 3, .error = "no key"});
  tell(events::ErrorOccurred{.kind = Error::Kind::not_authorized, .error = "no access"});
  EXPECT_EQ(value(R"(braid_errors_total{kind="other",type="partitioner"})"), 3);
  EXPECT_EQ(value(R"(braid_errors_total{kind="not_authorized",type="client"})"), 1);
}

// Whoever reads it takes a line that it does not understand for the end of everything.
TEST_F(PrometheusMetricsTest, EveryLineIsWellFormedWhateverNamesThereAre) {
  metrics({.labels = {{"service", "shop \"north\""}}});
  add_topic("gr\"oup\\", "line\nbreak");
  tell(events::AttemptFailed{.where = {"gr\"oup\\", "line\nbreak", 0}, .error = "\xff\xfe"});
  const std::regex form(
      R"((# (HELP|TYPE) [a-z_]+ .*)|([a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)*\})? [-+0-9.eEInf]+))");
  std::istringstream text(metrics().text());
  int lines = 0;
  for (std::string line; std::getline(text, line); ++lines) EXPECT_TRUE(std::regex_match(line, form)) << line;
  EXPECT_GT(lines, 60);
}

TEST_F(PrometheusMetricsTest, EveryMetricOfTheCatalogueIsToldOnceSomethingHappened) {
  metrics();
  add_topic("group", "clicks");
  tell(events::BatchSettled{.where = {"group", "clicks", 0}});
  tell(events::AttemptFailed{.where = {"group", "clicks", 0}});
  tell(events::PartitionMeasured{.where = {"group", "clicks", 0}, .committed_lag = 1, .processed_lag = 1});
  tell(events::PartitionsRevoked{.where = {"group", "lane", 0}});
  tell(events::PositionsCommitted{.consumer_group = "group"});
  tell(events::ErrorOccurred{});
  const std::string text = metrics().text();
  for (const auto& metric : metrics::catalogue()) {
    const std::string type =
        "# TYPE " + std::string(metric.name) + " " + std::string(metrics::name_of(metric.kind)) + "\n";
    EXPECT_NE(text.find(type), std::string::npos) << metric.name << " is in the catalogue, and never told";
  }
}

TEST_F(PrometheusMetricsTest, RefusesLabelsThatPrometheusDoesNotTake) {
  for (const char* name : {"le", "topic", "with space", "__own", "1st", ""}) {
    EXPECT_THROW(PrometheusMetrics(PrometheusMetrics::Sources{.monitor = &monitor}, {.labels = {{name, "x"}}}),
                 std::invalid_argument)
        << name;
  }
}

}  // namespace
}  // namespace braid
