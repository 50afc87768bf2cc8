// What each call of a transactional producer says when a broker fails it, and that its next transaction works.

#include "framework/adapters/librdkafka/rdkafka_transactional_client.hpp"
#include "kafka_member.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace braid::mock_test {
namespace {

using testing::Api;
using testing::BrokerError;

constexpr auto kAddPartitions = static_cast<Api>(24);
constexpr auto kAddOffsets = static_cast<Api>(25);
constexpr auto kEndTransaction = static_cast<Api>(26);
constexpr auto kCommitOffsets = static_cast<Api>(28);

constexpr auto kInvalidEpoch = static_cast<BrokerError>(47);
constexpr auto kConcurrentTransactions = static_cast<BrokerError>(51);
constexpr auto kIdNotAuthorized = static_cast<BrokerError>(53);
constexpr auto kFenced = static_cast<BrokerError>(90);

// What it says while it makes another handle.
constexpr const char* kMadeAnew = "a new client";

// librdkafka 2.0.2 forgets the request that stores a transaction's positions, some 300 bytes, where its producer is
// fenced meanwhile and the handle ended before the coordinator was found. It is made in the caller's thread, and
// its frames have no names that a suppression could tell.
class LibraryForgets {
#ifdef __SANITIZE_ADDRESS__
  __lsan::ScopedDisabler disabler_;
#endif
};

// One broker, a group with one member, and a transactional producer that is not patient.
class FailingTransactions : public ::testing::Test {
 protected:
  static constexpr auto kPatience = 4s;

  EmbeddedCluster cluster{{.brokers = 1, .topics = {{"orders", 2, 1}, {"input", 1, 1}}}};
  KeptLog log;
  std::unique_ptr<Member> member;
  std::unique_ptr<engine::TransactionalClient> client;
  std::uint32_t token = 0;

  void SetUp() override {
    member = std::make_unique<Member>(cluster, "workers");
    member->subscribe({"input"});
    ASSERT_TRUE(member->until([&] { return !member->history.empty(); }));
    client = make();
  }
  [[nodiscard]] std::unique_ptr<engine::TransactionalClient> make() {
    auto made = adapters::make_transactional_client({.log = log,
                                                     .client_id = "test",
                                                     .transactional_id = "t",
                                                     .settings = {{"bootstrap.servers", cluster.bootstrap()},
                                                                  {"topic.metadata.propagation.max.ms", "500"},
                                                                  {"topic.metadata.refresh.interval.ms", "200"},
                                                                  {"retry.backoff.ms", "20"}},
                                                     .patience = kPatience});
    EXPECT_TRUE(made.ok()) << made.error().text();
    return std::move(made).value();
  }

  Result<void> send(const std::string& payload, const std::string& topic = "orders", int partition = 0) {
    return client->send(
        {.topic = topic, .partition = PartitionNumber{partition}, .key = "k", .payload = payload, .headers = {}},
        ++token);
  }
  Result<void> commit() {
    const auto membership = member->client->membership();
    [[maybe_unused]] const LibraryForgets forgets;
    return client->commit({at("input", 0), CommitPosition{7}, {}}, membership.get());
  }
  // Empty: it was committed. Else the call that was refused, and why.
  std::string transaction() {
    token = 0;
    if (const auto ready = client->init(); !ready) return "init: " + ready.error().text();
    if (const auto begun = client->begin(); !begun) return "begin: " + begun.error().text();
    if (const auto sent = send("x"); !sent) return "send: " + sent.error().text();
    if (const auto committed = commit(); !committed) return "commit: " + committed.error().text();
    return {};
  }
  // Whatever has been: the next one works.
  void expect_well_again() {
    for (const Api api :
         {Api::init_producer_id, Api::produce, kAddPartitions, kAddOffsets, kEndTransaction, kCommitOffsets}) {
      cluster.clear_failures(api);
    }
    // A broker that was away may have cost it its membership.
    EXPECT_TRUE(member->until([&] { return member->client->membership() != nullptr; }));
    EXPECT_EQ(transaction(), "");
    EXPECT_TRUE(client->refused().empty());
  }
  [[nodiscard]] std::vector<std::uint32_t> refused_tokens() {
    std::vector<std::uint32_t> tokens;
    for (const engine::RefusedSend& each : client->refused()) tokens.push_back(each.token);
    return tokens;
  }
};

// Where a group's coordinator says "fenced" the abort behind it goes well here: who is fenced indeed hears it then.
struct Failure {
  const char* name;
  Api api;
  std::vector<BrokerError> errors;
  const char* says;      // what the transaction's failure begins with; empty: it goes well all the same
  bool anew;             // its client is of no more use behind that
  const char* has = "";  // likewise, somewhere in it
};

std::ostream& operator<<(std::ostream& out, const Failure& failure) {
  return out << failure.name;
}

class FailingCalls : public FailingTransactions, public ::testing::WithParamInterface<Failure> {};

TEST_P(FailingCalls, SayWhatHasFailedAndTheNextTransactionWorks) {
  const Failure& failure = GetParam();
  ASSERT_EQ(transaction(), "");
  // Only a new client asks for a producer's id again.
  if (failure.api == Api::init_producer_id) client = make();
  cluster.fail_next(failure.api, failure.errors);
  const std::string said = transaction();
  if (*failure.says == '\0') {
    EXPECT_EQ(said, "");
  } else {
    EXPECT_EQ(said.rfind(failure.says, 0), 0U) << said;
    EXPECT_NE(said.find(failure.has), std::string::npos) << said;
  }
  cluster.clear_failures(failure.api);
  ASSERT_EQ(log.count(kMadeAnew), 0U);
  const auto ready = client->init();
  EXPECT_TRUE(ready.ok()) << ready.error().text();
  EXPECT_EQ(log.count(kMadeAnew), failure.anew ? 1U : 0U);
  expect_well_again();
}

using enum BrokerError;

INSTANTIATE_TEST_SUITE_P(
    All, FailingCalls,
    ::testing::Values(
        Failure{"InitRetriable", Api::init_producer_id, {coordinator_loading, kConcurrentTransactions}, "", false},
        Failure{"InitNotAuthorized", Api::init_producer_id, {kIdNotAuthorized}, "init: ", true},
        Failure{"InitFenced", Api::init_producer_id, {kFenced}, "init: ", true},
        Failure{"PartitionsRetriable", kAddPartitions, {kConcurrentTransactions, coordinator_loading}, "", false},
        Failure{"PartitionsAbortable", kAddPartitions, {topic_not_authorized}, "commit: ", false, "uthoriz"},
        Failure{"PartitionsFenced", kAddPartitions, {kFenced}, "commit: ", true},
        Failure{"PartitionsFatal", kAddPartitions, {kInvalidEpoch}, "commit: ", true},
        Failure{"ProduceRetriable", Api::produce, {not_leader, request_timed_out}, "", false},
        Failure{"ProduceAbortable", Api::produce, {message_too_large}, "commit: ", true},
        Failure{"ProduceFatal", Api::produce, {kInvalidEpoch}, "commit: ", true},
        Failure{"OffsetsRetriable", kAddOffsets, {coordinator_loading, kConcurrentTransactions}, "", false},
        Failure{"OffsetsAbortable", kAddOffsets, {group_not_authorized}, "commit: send_offsets", false, "uthoriz"},
        Failure{"OffsetsFenced", kAddOffsets, {kFenced}, "commit: send_offsets", false},
        Failure{"PositionRetriable", kCommitOffsets, {coordinator_loading, not_coordinator}, "", false},
        Failure{"PositionOfAnOldGeneration", kCommitOffsets, {illegal_generation}, "commit: send_offsets", false},
        Failure{"PositionOfNoMember", kCommitOffsets, {unknown_member}, "commit: send_offsets", false},
        Failure{"PositionFenced", kCommitOffsets, {kFenced}, "commit: send_offsets", false},
        Failure{"EndRetriable", kEndTransaction, {coordinator_loading, not_coordinator}, "", false},
        Failure{"EndFenced", kEndTransaction, {kFenced}, "commit: commit_transaction", true}),
    [](const auto& tested) { return std::string(tested.param.name); });

// A coordinator that is away for longer than the client is patient.
TEST_F(FailingTransactions, InitTimesOutAndWorksLater) {
  cluster.broker_down(1);
  const auto began = std::chrono::steady_clock::now();
  const auto ready = client->init();
  ASSERT_FALSE(ready.ok());
  EXPECT_GE(std::chrono::steady_clock::now() - began, kPatience);
  EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience + 20s);
  cluster.broker_up(1);
  expect_well_again();
}

TEST_F(FailingTransactions, ACommitTimesOutAndANewClientFindsOut) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(send("x").ok());
  cluster.broker_down(1);
  const auto began = std::chrono::steady_clock::now();
  const auto committed = commit();
  ASSERT_FALSE(committed.ok());
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3 * kPatience + 20s);
  EXPECT_TRUE(client->refused().empty()) << "no record is to blame for that";
  cluster.broker_up(1);
  expect_well_again();
}

TEST_F(FailingTransactions, AnAbortThatFailsLeavesNothingBehind) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(send("x").ok());
  cluster.fail_next(kEndTransaction, {kFenced});
  static_cast<void>(client->abort());
  expect_well_again();
}

TEST_F(FailingTransactions, WithoutAMemberNothingIsCommitted) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(send("x").ok());
  const auto committed = client->commit({at("input", 0), CommitPosition{7}, {}}, nullptr);
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().kind(), Error::Kind::stale_member);
  expect_well_again();
}

// --- which records were refused for good

TEST_F(FailingTransactions, WhatTheClientRefusesIsToldByItsToken) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(send("x").ok());
  const auto sent = send(std::string(1'000'001, 'x'));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().kind(), Error::Kind::message_too_large);
  ASSERT_TRUE(send("y").ok()) << "which says nothing of others";
  static_cast<void>(client->abort());
  EXPECT_EQ(refused_tokens(), std::vector<std::uint32_t>{2});
  EXPECT_FALSE(client->refused().front().with_others);
  expect_well_again();
}

TEST_F(FailingTransactions, WhatABrokerRefusesIsToldWithWhatCameAlong) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  cluster.fail_next(Api::produce, {message_too_large});
  ASSERT_TRUE(send("x").ok());
  ASSERT_FALSE(commit().ok());
  EXPECT_EQ(refused_tokens(), std::vector<std::uint32_t>{1});
  EXPECT_TRUE(client->refused().front().with_others);
  EXPECT_EQ(client->refused().front().error.kind(), Error::Kind::message_too_large);
  expect_well_again();
}

TEST_F(FailingTransactions, APartitionThatIsNoneIsToldByItsToken) {
  ASSERT_EQ(transaction(), "");  // from now on the topic is known
  token = 0;
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(send("x").ok());
  const auto sent = send("y", "orders", 9);
  if (sent) {
    ASSERT_FALSE(commit().ok());
  } else {
    static_cast<void>(client->abort());
  }
  EXPECT_EQ(refused_tokens(), std::vector<std::uint32_t>{2});
  EXPECT_EQ(client->refused().front().error.kind(), Error::Kind::unknown_topic);
  expect_well_again();
}

TEST_F(FailingTransactions, ATopicThatIsNoneIsToldByItsRecords) {
  cluster.set_topic_error("nowhere", BrokerError::unknown_topic);
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(send("x").ok());
  ASSERT_TRUE(send("y", "nowhere").ok()) << "it may just have been made";
  ASSERT_FALSE(commit().ok());
  EXPECT_EQ(refused_tokens(), std::vector<std::uint32_t>{2});
  EXPECT_EQ(client->refused().front().error.kind(), Error::Kind::unknown_topic);
  expect_well_again();
}

// The coordinator is told of partitions and not of records.
TEST_F(FailingTransactions, WhereNobodyMayWriteSomeRecordIsToBlame) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  cluster.fail_next(kAddPartitions, {topic_not_authorized});
  ASSERT_TRUE(send("x").ok());
  ASSERT_FALSE(commit().ok());
  EXPECT_EQ(refused_tokens(), std::vector<std::uint32_t>{0});
  EXPECT_EQ(client->refused().front().error.kind(), Error::Kind::not_authorized);
  expect_well_again();
}

// The answer is there before the commit, whose first step then only says that it comes too late.
TEST_F(FailingTransactions, WhereNobodyMayWriteSomeIsToBlameHoweverLateTheCommit) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  cluster.fail_next(kAddPartitions, {topic_not_authorized});
  ASSERT_TRUE(send("x").ok());
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const auto failed = commit();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind(), Error::Kind::not_authorized) << failed.error().text();
  EXPECT_EQ(refused_tokens(), std::vector<std::uint32_t>{0});
  expect_well_again();
}

// The answer is there before all is sent, and what is sent behind it fails at once.
TEST_F(FailingTransactions, WhereNobodyMayWriteSomeIsToBlameWithoutACommitToo) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  cluster.fail_next(kAddPartitions, {topic_not_authorized});
  bool taken = true;
  for (int i = 0; taken && i < 2000; ++i) {
    taken = send("x").ok();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_FALSE(taken);
  static_cast<void>(client->abort());
  EXPECT_EQ(refused_tokens(), std::vector<std::uint32_t>{0});
  expect_well_again();
}

TEST_F(FailingTransactions, AGroupThatMayNotCommitIsNoRecordsFault) {
  ASSERT_TRUE(client->init().ok());
  ASSERT_TRUE(client->begin().ok());
  ASSERT_TRUE(send("x").ok());
  cluster.fail_next(kAddOffsets, {group_not_authorized});
  ASSERT_FALSE(commit().ok());
  EXPECT_TRUE(client->refused().empty());
  expect_well_again();
}

}  // namespace
}  // namespace braid::mock_test
