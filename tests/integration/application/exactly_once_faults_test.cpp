// From topic to topic: who reads what was committed sees each message's effect once, whatever dies.

#include "integration/application/exactly_once_fixture.hpp"
#include "integration/faults/fault_fixture.hpp"
#include "mock/application/worker_process.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

using application_test::WorkerProcess;
using std::chrono::steady_clock;

constexpr auto kBeyondTheSession = 7500ms;
constexpr std::size_t kMembers = 3;

constexpr int kNodes = 3;

// Members on three nodes of their own, which die too.
class ExactlyOnceThroughFaults : public ExactlyOnceOnKafka {
 protected:
  const std::string id = unique_name("forwarder");
  std::unique_ptr<KafkaCluster> kafka;
  std::vector<std::unique_ptr<WorkerProcess>> members{kMembers};
  const std::uint64_t seed = faults::fault_seed();
  std::mt19937_64 random{seed};
  int kills = 0;
  int pauses = 0;
  int nodes = 0;

  void SetUp() override {
    KafkaTest::SetUp();
    if (IsSkipped()) return;
    std::printf("  exactly once: BRAID_FAULT_SEED=%llu\n", static_cast<unsigned long long>(seed));
    kafka = std::make_unique<KafkaCluster>(KafkaCluster::start({.nodes = kNodes, .deadline = 300s}));
    begin_on(kafka->bootstrap(), kNodes);
  }

  // Under the id that it had before: what that has left open is settled at once.
  void start(std::size_t which, const std::map<std::string, std::string>& more = {}) {
    std::map<std::string, std::string> given{{"bootstrap", servers},
                                             {"group", group},
                                             {"topic", topic},
                                             {"out", out},
                                             {"letters", letters},
                                             {"hold_ms", "20"},
                                             {"id", id + "-" + std::to_string(which)},
                                             {"fail", "30"},
                                             {"batches", "3"},
                                             {"interval_ms", "30"},
                                             {"kafka.session.timeout.ms", "6000"},
                                             {"kafka.heartbeat.interval.ms", "500"}};
    for (const auto& [name, value] : more) given[name] = value;
    std::vector<std::string> arguments;
    for (const auto& [name, value] : given) arguments.push_back(name + "=" + value);
    members[which] = std::make_unique<WorkerProcess>("integration_exactly_once_worker", arguments);
  }
  void kill(std::size_t which) {
    members[which]->signal(SIGKILL);
    ASSERT_TRUE(members[which]->wait(30s));
  }
  std::chrono::milliseconds some(int most_ms) {
    return std::chrono::milliseconds(std::uniform_int_distribution(0, most_ms)(random));
  }

  void member_dies() {
    const std::size_t which = random() % kMembers;
    ASSERT_NO_FATAL_FAILURE(kill(which));
    std::this_thread::sleep_for(some(1500));
    start(which);
    ++kills;
  }
  // Others have its partitions when it goes on.
  void member_stands_still() {
    const std::size_t which = random() % kMembers;
    members[which]->signal(SIGSTOP);
    std::this_thread::sleep_for(kBeyondTheSession);
    members[which]->signal(SIGCONT);
    ++pauses;
  }
  void node_dies(bool gently) {
    const int node = 1 + static_cast<int>(random() % kNodes);
    gently ? kafka->stop(node) : kafka->kill(node);
    // And who is in the middle of a commit then.
    const bool both = random() % 2 == 0;
    const std::size_t which = random() % kMembers;
    if (both) {
      ASSERT_NO_FATAL_FAILURE(kill(which));
    }
    std::this_thread::sleep_for(some(1000));
    kafka->restart(node);
    ++nodes;
    if (!both) return;
    start(which);
    ++kills;
  }
  // Each kind in the first round.
  void one_fault(int number) {
    std::this_thread::sleep_for(500ms + some(1500));
    switch (number < 4 ? number : static_cast<int>(random() % 8)) {
      case 1:
        return member_stands_still();
      case 2:
        return node_dies(false);
      case 3:
        return node_dies(true);
      default:
        return member_dies();
    }
  }
};

TEST_F(ExactlyOnceThroughFaults, EachMessageTakesEffectOnceThoughProcessesDie) {
  const auto until = steady_clock::now() + faults::mix_time();
  for (std::size_t i = 0; i < members.size(); ++i) start(i);
  std::atomic<bool> enough = false;
  std::atomic<int> sent = 0;
  std::jthread producing([&] {
    KeyedProducer producer(servers, topic, 200);
    while (!enough) {
      producer.send(100);
      // More on top of what a slow node has not acknowledged would let this client's threads spin
      // (librdkafka 2.0.2), and take the processors from the nodes.
      EXPECT_EQ(producer.finish(), 0);
      std::this_thread::sleep_for(60ms);  // a pace, nothing waits for it
    }
    EXPECT_EQ(producer.finish(), 0);
    sent = producer.sent();
  });
  for (int i = 0; i < 4 || steady_clock::now() < until; ++i) {
    one_fault(i);
    if (HasFatalFailure()) break;
  }
  enough = true;
  producing.join();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_TRUE(all_committed(180s));
  for (const auto& member : members) member->signal(SIGTERM);
  for (const auto& member : members) EXPECT_EQ(member->wait(60s), 0);
  const Effects found = effects_once_all_are_seen();
  EXPECT_EQ(found.lost, 0U);
  EXPECT_EQ(found.repeated, 0U);
  EXPECT_GT(found.letters, 0U) << "they must be there once too";
  // What was written and is seen by nobody: or nothing has died within a transaction, and this proves little.
  const std::size_t written =
      count_written(servers, out, kPartitions) + count_written(servers, letters, kPartitions);
  const std::size_t given_up = written - static_cast<std::size_t>(sent.load());
  EXPECT_GT(given_up, 0U);
  std::printf(
      "RESULT name=exactly_once.faults kills=%d pauses=%d nodes=%d messages=%d letters=%zu given_up=%zu lost=%zu "
      "repeated=%zu\n",
      kills, pauses, nodes, sent.load(), found.letters, given_up, found.lost, found.repeated);
}

// That the proof can fail: transactions without the positions, which are committed beside them.
TEST_F(ExactlyOnceThroughFaults, PositionsOutsideOfTheTransactionAreFound) {
  produce(5000, 50, servers);
  const std::map<std::string, std::string> planted{{"plant", "outside"}, {"fail", "0"}, {"hold_ms", "0"}};
  start(0, planted);
  ASSERT_TRUE(eventually([&] { return read_committed(servers, out, kPartitions).size() > 1000; }, 90s));
  ASSERT_NO_FATAL_FAILURE(kill(0));
  start(0, planted);
  EXPECT_TRUE(eventually([&] { return effects().repeated > 0; }, 90s));
  ASSERT_NO_FATAL_FAILURE(kill(0));
}

}  // namespace
}  // namespace braid::integration
