#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/streaming/capacity_gate.hpp"
#include "apps/clickstream/src/streaming/clients.hpp"
#include "apps/clickstream/src/streaming/demo.hpp"
#include "apps/clickstream/src/streaming/ingest.hpp"
#include "apps/clickstream/src/streaming/session_totals.hpp"
#include "apps/clickstream/src/streaming/totals_board.hpp"
#include "tests/lib/paths.hpp"
#include "unit/apps/clickstream/temporary_file.hpp"

#include <braid/routing/consumer_registry.hpp>
#include <braid/routing/load.hpp>
#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>

namespace clickstream {
namespace {

using braid::testing::EmbeddedCluster;

DemoOutcome demo_of(const std::filesystem::path& csv) {
  std::ostringstream out;
  return run_demo({.csv = csv, .routes_file = default_routes_file()}, out);
}

TEST(ClickstreamRouting, TheFileHasNoProblem) {
  braid::routing::ConsumerRegistry registry;
  registry.add("SessionTotals", []() -> std::unique_ptr<braid::Consumer> { return nullptr; });
  const auto loaded = braid::routing::load_file(default_routes_file(), registry);
  ASSERT_TRUE(loaded.ok()) << loaded.problems.front().message;
  const auto& topic = loaded.routes.consumer_groups.at(0).subscription_groups.at(0).topics.at(0);
  EXPECT_EQ(topic.name, "ecommerce.events");
  EXPECT_EQ(topic.max_messages, 1000U);
  EXPECT_GE(topic.virtual_partitions.max_partitions.value_or(0), 16U);
}

std::string text_of(const std::string& name) {
  std::ifstream file(braid::test_paths::source(name));
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Readme, QuotesTheConsumerAsItIs) {
  const std::string source = text_of("apps/clickstream/src/streaming/session_totals.cpp");
  const std::string mark = "// [readme]\n";
  const auto begin = source.find(mark);
  ASSERT_NE(begin, std::string::npos);
  const auto from = begin + mark.size();
  const auto end = source.find(mark, from);
  ASSERT_NE(end, std::string::npos);
  EXPECT_NE(text_of("README.md").find(source.substr(from, end - from)), std::string::npos);
}

TEST(ClickstreamDemo, TheSamplesTotalsAreThoseOfAPlainReading) {
  const DemoOutcome outcome = demo_of(sample_file());
  ASSERT_TRUE(outcome.figures.verification);
  EXPECT_TRUE(outcome.figures.verification->ok()) << outcome.figures.verification->differences.front();
  EXPECT_EQ(outcome.figures.totals.counts().events, 10'000U);
  ASSERT_TRUE(outcome.figures.load);
  EXPECT_EQ(outcome.figures.load->events_by_virtual_partition.size(), 5U * 16U);
}

TEST(ClickstreamDemo, MalformedLinesAreCountedAndSkipped) {
  std::string content(standard_header);
  content.append(
      "\n2019-10-01 00:00:00 UTC,view,1,2,,,10.00,7,s1\n"
      "not an event\n"
      "2019-10-01 00:00:01 UTC,purchase,1,2,,,10.00,7,s1\n");
  const TemporaryFile file(content);
  const DemoOutcome outcome = demo_of(file.path());
  ASSERT_TRUE(outcome.figures.verification);
  EXPECT_TRUE(outcome.figures.verification->ok());
  EXPECT_EQ(outcome.figures.totals.counts().events, 2U);
  ASSERT_EQ(outcome.figures.malformed.count(), 1U);
  EXPECT_EQ(outcome.figures.malformed.first().front().number, 3U);
}

TEST(ClickstreamDemo, RealDataIsVerifiedWhereItIsThere) {
  const char* const csv = std::getenv("BRAID_CLICKSTREAM_CSV");
  if (csv == nullptr) GTEST_SKIP() << "BRAID_CLICKSTREAM_CSV names no file";
  const DemoOutcome outcome = demo_of(csv);
  ASSERT_TRUE(outcome.figures.verification);
  EXPECT_TRUE(outcome.figures.verification->ok()) << outcome.figures.verification->differences.front();
}

TEST(ClickstreamDemo, AnInterruptionEndsItInGoodOrder) {
  std::ostringstream out;
  const DemoOutcome outcome = run_demo(
      {.csv = sample_file(), .routes_file = default_routes_file(), .interrupted = [] { return true; }}, out);
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_FALSE(outcome.figures.verification);
}

TEST(ClickstreamIngest, AMissingTopicIsAnErrorThatNamesIt) {
  EmbeddedCluster cluster;
  cluster.set_topic_error("gone", braid::testing::BrokerError::unknown_topic);
  CsvReader reader(sample_file());
  braid::Producer producer(producer_settings(cluster.bootstrap(), {{"topic.metadata.propagation.max.ms", "100"}}));
  Ingest ingest(reader, producer, {.topic = "gone", .run = {}});
  try {
    ingest.run();
    FAIL() << "it sent to a topic that is not there";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("'gone' does not exist"), std::string::npos) << error.what();
  }
}

TEST(CapacityGate, WhoIsTooFarAheadWaitsUntilItIsClosed) {
  CapacityGate gate("events");
  ASSERT_TRUE(gate.enter(braid::testing::CapacityGuard::kBytesAheadMax));
  auto second = std::async(std::launch::async, [&gate] { return gate.enter(1); });
  EXPECT_NE(second.wait_for(std::chrono::milliseconds(20)), std::future_status::ready);
  gate.close();
  EXPECT_FALSE(second.get());
}

}  // namespace
}  // namespace clickstream
