// Dead letters go back to where they came from, by `braid dlq replay` against an embedded cluster.

#include "apps/braid/src/replay.hpp"
#include "mock/application/eventually.hpp"
#include "mock/apps/program.hpp"

#include <braid/braid.hpp>
#include <braid/testing/embedded_cluster.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <sstream>

namespace braid::app_test {
namespace {

using app::replay;
using app::ReplayOptions;
using app::ReplayOutcome;
using application_test::eventually;
using testing::EmbeddedCluster;
using namespace std::chrono_literals;
namespace names = dead_letter_headers;

constexpr const char* kDead = "orders.dlq";
constexpr const char* kGroup = "orders.dlq.replay";

struct Sent {
  std::string key;
  std::string payload;
  std::vector<std::pair<std::string, std::string>> headers;
};

// What a topic holds, as a consumer sees it.
struct Got {
  std::int32_t partition = 0;
  std::string payload;
  std::map<std::string, std::string> headers;
};

class DlqReplay : public ::testing::Test {
 protected:
  DlqReplay() {
    options_.bootstrap = cluster_.bootstrap();
    options_.topic = kDead;
    options_.group = kGroup;
    options_.rules.dead_letter_topic = kDead;
    options_.timeout = 30s;
    for (const auto& [name, value] : EmbeddedCluster::recommended_consumer_settings()) options_.kafka[name] = value;
  }

  // A dead letter of the topic `orders`, whose payload tells which.
  static Sent letter(const std::string& key, const std::string& payload, const std::string& partition = "1") {
    return {key,
            payload,
            {{"trace", "t-" + payload},
             {std::string(names::kTopic), "orders"},
             {std::string(names::kPartition), partition},
             {std::string(names::kOffset), "42"},
             {std::string(names::kErrorType), "Oops"},
             {std::string(names::kErrorText), "no stock"}}};
  }

  void produce(const std::vector<Sent>& records, const std::string& topic = kDead) {
    Producer producer({.kafka = {{"bootstrap.servers", cluster_.bootstrap()}}});
    for (const Sent& each : records) {
      Record record{
          .topic = topic, .key = each.key, .payload = each.payload, .partition = PartitionNumber{0}, .headers = {}};
      for (const auto& [name, value] : each.headers) record.headers.push_back({name, value});
      ASSERT_TRUE(producer.produce(record));
    }
    ASSERT_TRUE(producer.flush(application_test::kDeadline));
  }

  ReplayOutcome run(const ReplayOptions& options) {
    out_.str("");
    err_.str("");
    return replay(options, out_, err_);
  }

  std::vector<PartitionPositions> positions(const std::string& topic, const std::string& group = kGroup) {
    auto found =
        topic_positions({.kafka = {{"bootstrap.servers", cluster_.bootstrap()}}, .topic = topic, .group = group});
    EXPECT_TRUE(found.ok());
    return found.ok() ? std::move(found).value() : std::vector<PartitionPositions>{};
  }
  std::int64_t count(const std::string& topic) {
    std::int64_t count = 0;
    for (const auto& each : positions(topic)) count += each.end.value;
    return count;
  }
  std::optional<CommitPosition> committed() { return positions(kDead).at(0).committed; }

  std::vector<Got> read(const std::string& topic, std::size_t expected) {
    std::mutex mutex;
    std::vector<Got> got;
    const auto routes = routing::draw([&](routing::RoutesBuilder& r) {
      r.consumer_group("reader").topic(topic).handle([&](const Message& message) {
        Got each{.partition = message.partition().value, .payload = std::string(message.payload()), .headers = {}};
        for (const Header& header : message.headers()) {
          each.headers[std::string(header.name)] = std::string(header.value.value_or("null"));
        }
        const std::scoped_lock lock(mutex);
        got.push_back(std::move(each));
      });
    });
    Settings settings{.kafka = options_.kafka, .log_level = LogLevel::error};
    settings.kafka["bootstrap.servers"] = cluster_.bootstrap();
    Application application(settings, routes);
    application.start();
    EXPECT_TRUE(eventually([&] {
      const std::scoped_lock lock(mutex);
      return got.size() >= expected;
    }));
    application.stop();
    std::sort(got.begin(), got.end(), [](const Got& a, const Got& b) { return a.payload < b.payload; });
    return got;
  }

  EmbeddedCluster cluster_{{.brokers = 1, .topics = {{kDead, 1}, {"orders", 2}, {"repair", 1}}}};
  ReplayOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(DlqReplay, SendsEachBackOnceAsItWasAndSaysSo) {
  Sent often = letter("ann", "often");
  often.headers.emplace_back(names::kReplays, "3");
  Sent again = letter("bob", "b2", "0");
  again.headers.emplace_back(names::kReplays, "1");
  produce({letter("ann", "a1"), {"eve", "foreign", {}}, letter("bob", "b1"), often, again});

  ReplayOptions dry = options_;
  dry.dry_run = true;
  const ReplayOutcome would = run(dry);
  EXPECT_EQ(would.failure, "");
  EXPECT_TRUE(would.complete);
  EXPECT_EQ(would.replayed, 3u);
  EXPECT_NE(out_.str().find("would send orders.dlq/0@0 to orders/1, key ann"), std::string::npos) << out_.str();
  EXPECT_EQ(count("orders"), 0);
  EXPECT_EQ(committed(), std::nullopt) << "a dry run changes nothing";

  const ReplayOutcome did = run(options_);
  EXPECT_EQ(did.failure, "");
  EXPECT_TRUE(did.complete);
  EXPECT_EQ(did.replayed, 3u);
  EXPECT_EQ(did.too_often, 1u);
  EXPECT_EQ(did.no_dead_letters, 1u);
  EXPECT_NE(err_.str().find("left orders.dlq/0@1: it has not the headers of a dead letter"), std::string::npos);
  EXPECT_NE(err_.str().find("left orders.dlq/0@3: it was sent back too often already"), std::string::npos);
  EXPECT_EQ(committed(), CommitPosition{1}) << "behind the first one, before what was left";

  const ReplayOutcome second = run(options_);
  EXPECT_EQ(second.failure, "");
  EXPECT_TRUE(second.complete);
  EXPECT_EQ(second.replayed, 0u) << "what was sent is remembered beyond what was left";
  EXPECT_EQ(second.too_often, 1u);

  const std::vector<Got> got = read("orders", 3);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].payload, "a1");
  EXPECT_EQ(got[0].partition, 1);
  EXPECT_EQ(got[0].headers, (std::map<std::string, std::string>{{"trace", "t-a1"},
                                                                {"braid-original-topic", "orders"},
                                                                {"braid-original-partition", "1"},
                                                                {"braid-original-offset", "42"},
                                                                {"braid-replays", "1"}}));
  EXPECT_EQ(got[2].payload, "b2");
  EXPECT_EQ(got[2].partition, 0);
  EXPECT_EQ(got[2].headers.at("braid-replays"), "2");
}

TEST_F(DlqReplay, WhatAFilterLeavesIsThereForTheNextOne) {
  produce({letter("bob", "b1"), letter("ann", "a1"), letter("bob", "b2"), letter("ann", "a2")});
  ReplayOptions of_ann = options_;
  of_ann.rules.filter.key = "ann";
  const ReplayOutcome first = run(of_ann);
  EXPECT_EQ(first.failure, "");
  EXPECT_EQ(first.replayed, 2u);
  EXPECT_EQ(first.unmatched, 2u);
  EXPECT_NE(committed().value_or(CommitPosition{0}), CommitPosition{4});

  const ReplayOutcome rest = run(options_);
  EXPECT_EQ(rest.failure, "");
  EXPECT_TRUE(rest.complete);
  EXPECT_EQ(rest.replayed, 2u);
  EXPECT_EQ(committed(), CommitPosition{4});
  const std::vector<Got> got = read("orders", 4);
  ASSERT_EQ(got.size(), 4u) << "each once";
  EXPECT_EQ(got[0].payload + got[1].payload + got[2].payload + got[3].payload, "a1a2b1b2");
}

TEST_F(DlqReplay, ALimitEndsItAndTheNextRunGoesOn) {
  produce({letter("a", "1"), letter("b", "2"), letter("c", "3")});
  ReplayOptions limited = options_;
  limited.limit = 2;
  const ReplayOutcome first = run(limited);
  EXPECT_EQ(first.failure, "");
  EXPECT_TRUE(first.complete);
  EXPECT_EQ(first.replayed, 2u);
  EXPECT_EQ(committed(), CommitPosition{2});
  EXPECT_EQ(run(options_).replayed, 1u);
  EXPECT_EQ(count("orders"), 3);
}

TEST_F(DlqReplay, WhatIsNotAcknowledgedIsNotCommitted) {
  produce({letter("a", "1"), letter("b", "2", "7")});  // there is no partition 7
  const ReplayOutcome outcome = run(options_);
  EXPECT_FALSE(outcome.complete);
  EXPECT_NE(outcome.failure.find("a replay could not be sent"), std::string::npos) << outcome.failure;
  EXPECT_EQ(outcome.replayed, 1u);
  EXPECT_EQ(committed(), CommitPosition{1});

  ReplayOptions by_key = options_;
  by_key.rules.destination.by_key = true;
  EXPECT_EQ(run(by_key).replayed, 1u);
  EXPECT_EQ(committed(), CommitPosition{2});
}

TEST_F(DlqReplay, WhatIsLeftCanBeGivenUpAndAnotherTopicChosen) {
  produce({{"eve", "foreign", {}}, letter("a", "1"), {"eve", "foreign", {}}});
  ReplayOptions options = options_;
  options.pass_left = true;
  options.rules.destination.topic = "repair";
  const ReplayOutcome outcome = run(options);
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.replayed, 1u);
  EXPECT_EQ(committed(), CommitPosition{3});
  EXPECT_EQ(count("repair"), 1);
  EXPECT_TRUE(run(options).complete) << "nothing is left, and nothing is waited for";
}

TEST_F(DlqReplay, TheProgramSaysWhatItDid) {
  produce({letter("a", "1")});
  std::vector<std::string> arguments{"dlq", "replay", "--bootstrap", cluster_.bootstrap(), "--topic", kDead};
  for (const auto& [name, value] : options_.kafka) {
    arguments.emplace_back("--kafka");
    arguments.push_back(name + "=" + value);
  }
  Program program(braid_program(), arguments);
  EXPECT_EQ(program.wait(60s), 0) << program.err();
  EXPECT_NE(program.out().find("RESULT name=dlq_replay replayed=1 unmatched=0"), std::string::npos)
      << program.out();
  EXPECT_EQ(committed(), CommitPosition{1}) << "by the default group";
}

TEST(DlqReplayProgram, EndsSoonWhereItCanNotWork) {
  const std::string nobody = "127.0.0.1:1";  // tcpmux, which nobody runs
  struct Case {
    std::vector<std::string> arguments;
    int status;
  };
  const std::vector<Case> cases{
      {{}, 2},
      {{"dlq", "replay"}, 2},
      {{"dlq", "replay", "--help"}, 0},
      {{"dlq", "replay", "--bootstrap", nobody, "--topic", "d", "--timeout", "1"}, 1},
      {{"dlq", "replay", "--bootstrap", nobody, "--topic", "d", "--to", "d"}, 2},
      {{"dlq", "replay", "--bootstrap", nobody, "--topic", "d", "--since", "yesterday"}, 2},
      {{"dlq", "replay", "--bootstrap", nobody, "--topic", "d", "--max-replays", "0"}, 2},
      {{"dlq", "replay", "--bootstrap", nobody, "--topic", "d", "--kafka", "no.such.setting=1"}, 2},
  };
  for (const Case& each : cases) {
    Program program(braid_program(), each.arguments);
    EXPECT_EQ(program.wait(20s), each.status) << program.out() << program.err();
  }
}

}  // namespace
}  // namespace braid::app_test
