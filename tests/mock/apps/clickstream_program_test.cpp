// The clickstream program's exit statuses and what it says with them.

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/streaming/demo.hpp"
#include "mock/application/eventually.hpp"
#include "mock/apps/program.hpp"
#include "unit/apps/clickstream/temporary_file.hpp"

#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace braid::app_test {
namespace {

using application_test::eventually;
using application_test::kDeadline;
using clickstream::TemporaryFile;
using testing::EmbeddedCluster;
using Arguments = std::vector<std::string>;
using namespace std::chrono_literals;

// Port 1 of loopback: tcpmux, which nobody runs.
constexpr const char* kNoBroker = "127.0.0.1:1";

std::ptrdiff_t lines_of(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

// Two good lines and, between them, a malformed one.
std::string three_lines() {
  std::string content(clickstream::standard_header);
  content.append(
      "\n2019-10-01 00:00:00 UTC,view,1,2,,,10.00,7,s1\n"
      "not an event\n"
      "2019-10-01 00:00:01 UTC,purchase,1,2,,,10.00,7,s1\n");
  return content;
}

TEST(ClickstreamProgram, AMissingFileIsARuntimeErrorOfOneLine) {
  for (const Arguments& arguments : {Arguments{"totals", "--csv", "/no/such.csv"},
                                     {"demo", "--csv", "/no/such.csv"},
                                     {"ingest", "--csv", "/no/such.csv", "--bootstrap", kNoBroker}}) {
    Program program(clickstream_program(), arguments);
    EXPECT_EQ(program.wait(kDeadline), 1) << arguments.front();
    EXPECT_EQ(program.err(), "clickstream: can't open /no/such.csv: No such file or directory\n");
    EXPECT_EQ(program.out(), "") << arguments.front();
  }
}

TEST(ClickstreamProgram, WithoutABrokerItEndsSoonAndNamesTheAddress) {
  const auto began = std::chrono::steady_clock::now();
  Program demo(clickstream_program(), {"demo", "--bootstrap", kNoBroker});
  Program ingest(clickstream_program(),
                 {"ingest", "--csv", clickstream::sample_file().string(), "--bootstrap", kNoBroker});
  for (Program* const program : {&demo, &ingest}) {
    EXPECT_EQ(program->wait(kDeadline), 1);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
    EXPECT_NE(program->err().find("no broker answers at 127.0.0.1:1"), std::string::npos) << program->err();
  }
}

TEST(ClickstreamProgram, WrongUsageIsToldWithoutAStart) {
  for (const Arguments& arguments : {Arguments{},
                                     {"no-such-command"},
                                     {"demo", "--nope"},
                                     {"demo", "--concurrency", "0"},
                                     {"demo", "--generate", "5", "--csv", "x.csv"},
                                     {"demo", "--kafka", "no-equals-sign"},
                                     {"demo", "--kafka", "no.such.setting=1"},
                                     {"ingest", "--csv", "x.csv"}}) {
    Program program(clickstream_program(), arguments);
    const std::string what = arguments.empty() ? "nothing" : arguments.back();
    EXPECT_EQ(program.wait(kDeadline), 2) << what;
    EXPECT_NE(program.err(), "") << what;
  }
}

TEST(ClickstreamProgram, HelpIsNoMistake) {
  Program program(clickstream_program(), {"--help"});
  EXPECT_EQ(program.wait(kDeadline), 0);
  EXPECT_NE(program.out().find("Exit status:"), std::string::npos) << program.out();
}

TEST(ClickstreamProgram, AllProblemsOfARoutingFileAreToldWithTheirPlaces) {
  const TemporaryFile routes(R"(consumer_groups:
  - id: analytics
    subscription_groups:
      - id: clicks
        topics:
          - name: ecommerce.events
            consumer: Nobody
            max_mesages: 1000
            max_messages: 0
)");
  Program program(clickstream_program(), {"demo", "--routes", routes.path().string()});
  EXPECT_EQ(program.wait(kDeadline), 2);
  const std::string err = program.err();
  EXPECT_EQ(lines_of(err), 3) << err;
  for (const char* const part : {":7:23: ", "unknown consumer 'Nobody'", ":8:13: ", "max_mesages",
                                 ":9:27: ", "max_messages must be at least 1"}) {
    EXPECT_NE(err.find(part), std::string::npos) << part << " in\n" << err;
  }
}

TEST(ClickstreamProgram, UnderStrictAMalformedLineIsAStatusOfItsOwn) {
  const TemporaryFile csv(three_lines());
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"ecommerce.events", 2, 1}}}};
  for (Arguments arguments : {Arguments{"totals", "--csv", csv.path().string()},
                              {"ingest", "--csv", csv.path().string(), "--bootstrap", cluster.bootstrap()}}) {
    Program lenient(clickstream_program(), arguments);
    EXPECT_EQ(lenient.wait(kDeadline), 0) << arguments.front() << ": " << lenient.err();
    arguments.emplace_back("--strict");
    Program strict(clickstream_program(), arguments);
    EXPECT_EQ(strict.wait(kDeadline), 3) << arguments.front() << ": " << strict.err();
    // The rest was done all the same.
    EXPECT_NE(strict.out().find("events=2"), std::string::npos) << strict.out();
  }
}

TEST(ClickstreamProgram, TheDemoIsStrictToo) {
  const TemporaryFile csv(three_lines());
  Program demo(clickstream_program(), {"demo", "--strict", "--csv", csv.path().string()});
  EXPECT_EQ(demo.wait(kDeadline), 3) << demo.err();
  EXPECT_NE(demo.out().find("RESULT"), std::string::npos) << demo.out();
}

TEST(ClickstreamProgram, AnInterruptionEndsItQuicklyAndSaysSo) {
  // At this rate it would take hours.
  Program demo(clickstream_program(), {"demo", "--rate", "1"});
  ASSERT_TRUE(eventually([&] { return demo.out().find("Topic ") != std::string::npos; })) << demo.err();
  demo.signal(SIGINT);
  EXPECT_EQ(demo.wait(8s), 130) << demo.err();
}

TEST(ClickstreamProgram, AnIngestIsInterruptedTheSameWay) {
  const EmbeddedCluster cluster{{.brokers = 1, .topics = {{"ecommerce.events", 2, 1}}}};
  Program ingest(clickstream_program(), {"ingest", "--csv", clickstream::sample_file().string(), "--bootstrap",
                                         cluster.bootstrap(), "--rate", "1000"});
  // Its first tenth takes a second, all of it ten.
  ASSERT_TRUE(eventually([&] { return !ingest.out().empty(); })) << ingest.err();
  ingest.signal(SIGINT);
  EXPECT_EQ(ingest.wait(5s), 130) << ingest.err();
  EXPECT_NE(ingest.out().find("RESULT name=ingest"), std::string::npos) << ingest.out();
}

TEST(ClickstreamProgram, AnIngestRefusesWhatTheProducerDoesNotHave) {
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
           {"--compression", "rar"}, {"--acks", "2"}, {"--linger", "-1"}, {"--batch-size", "0"}}) {
    Program ingest(clickstream_program(), {"ingest", "--csv", "x.csv", "--bootstrap", kNoBroker, option, value});
    EXPECT_EQ(ingest.wait(kDeadline), 2) << option << ": " << ingest.err();
    EXPECT_NE(ingest.err().find(option), std::string::npos) << ingest.err();
  }
}

}  // namespace
}  // namespace braid::app_test
