// Clickstream totals in PostgreSQL while processes are killed, stopped beyond their session, and the broker goes
// away: they must equal the file's exactly.

#include "apps/clickstream/src/csv_reader.hpp"
#include "apps/clickstream/src/generator.hpp"
#include "apps/clickstream/src/postgres/postgres_totals.hpp"
#include "apps/clickstream/src/totals_rows.hpp"
#include "integration/faults/fault_fixture.hpp"
#include "integration/kafka/kafka_admin.hpp"
#include "integration/kafka/kafka_cluster.hpp"
#include "integration/postgres/postgres_server.hpp"
#include "mock/application/eventually.hpp"
#include "mock/application/kept_stderr.hpp"
#include "mock/application/worker_process.hpp"
#include "mock/apps/program.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace braid::integration {
namespace {

using namespace std::chrono_literals;
using application_test::eventually;
using application_test::TemporaryFile;
using application_test::WorkerProcess;
using clickstream::PostgresTotals;
using clickstream::TotalsRows;

constexpr int kPartitions = 4;
constexpr int kWorkers = 3;
// The broker takes no shorter session than 6 s.
constexpr auto kBeyondTheSession = 8s;

class TotalsInPostgres : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = KafkaCluster::available()) GTEST_SKIP() << *reason;
    if (const auto reason = PostgresServer::missing()) GTEST_SKIP() << *reason;
    kafka.emplace(KafkaCluster::start({.deadline = 300s}));
    KafkaAdmin(kafka->bootstrap()).create_topic("clicks", kPartitions);
    database = PostgresServer::shared().make_database();
    PostgresTotals::create_tables(database);
  }

  // The file's events, and what they come to.
  void generate(std::uint64_t events) {
    {
      std::ofstream file(csv.path(), std::ios::binary);
      clickstream::generate_events(events, 7, file);
    }
    clickstream::CsvReader reader(csv.path());
    while (const clickstream::Event* event = reader.next()) expected.add(*event);
  }
  // Sends it, each event once, so fast.
  void ingest(int rate) {
    ingesting = std::make_unique<app_test::Program>(
        app_test::clickstream_program(),
        std::vector<std::string>{"ingest", "--csv", csv.path(), "--bootstrap", kafka->bootstrap(), "--topic",
                                 "clicks", "--rate", std::to_string(rate), "--kafka", "enable.idempotence=true",
                                 "--kafka", "message.timeout.ms=120000"});
  }
  void start(int worker, const std::map<std::string, std::string>& more = {}) {
    std::vector<std::string> arguments{"bootstrap=" + kafka->bootstrap(),
                                       "group=totals",
                                       "topic=clicks",
                                       "database=" + database,
                                       "hold_ms=40",
                                       "idle_ms=2000",
                                       "kafka.session.timeout.ms=6000",
                                       "kafka.heartbeat.interval.ms=1000"};
    for (const auto& [name, value] : more) arguments.push_back(name + "=" + value);
    workers[worker].reset();
    workers[worker] = std::make_unique<WorkerProcess>("integration_postgres_totals_worker", arguments);
  }
  void kill(int worker) {
    workers[worker]->signal(SIGKILL);
    ASSERT_TRUE(workers[worker]->wait(10s).has_value());
  }
  void stop_all() {
    for (const auto& [number, worker] : workers) worker->signal(SIGTERM);
    for (const auto& [number, worker] : workers) EXPECT_EQ(worker->wait(60s), 0) << "worker " << number;
  }
  [[nodiscard]] std::uint64_t events() const {
    return static_cast<std::uint64_t>(query("SELECT coalesce(sum(events), 0)::bigint FROM clickstream_counts"));
  }
  [[nodiscard]] bool has_events(std::uint64_t count, std::chrono::milliseconds deadline) const {
    return eventually(
        [&] {
          std::this_thread::sleep_for(50ms);  // so that the looks cost the server little
          return events() >= count;
        },
        deadline);
  }
  [[nodiscard]] std::int64_t query(const std::string& sql) const {
    if (!watch_) watch_ = std::make_unique<pqxx::connection>(database);
    pqxx::nontransaction tx(*watch_);
    return tx.exec(sql)[0][0].as<std::int64_t>();
  }

  application_test::KeptStderr log;
  std::optional<KafkaCluster> kafka;
  std::string database;
  TemporaryFile csv;
  TotalsRows expected;
  std::unique_ptr<app_test::Program> ingesting;
  std::map<int, std::unique_ptr<WorkerProcess>> workers;

 private:
  mutable std::unique_ptr<pqxx::connection> watch_;
};

// What goes wrong, by chance: each kind in the first round.
class TotalsThroughFaults : public TotalsInPostgres {
 protected:
  const std::uint64_t seed = faults::fault_seed();
  std::mt19937_64 random{seed};
  int kills = 0;
  int zombies = 0;
  int nodes = 0;

  int any(int below) { return static_cast<int>(random() % static_cast<std::uint64_t>(below)); }
  // Within its transactions: each is held open for a while, and four run at once.
  void worker_dies() {
    const int victim = any(kWorkers);
    kill(victim);
    std::this_thread::sleep_for(std::chrono::milliseconds(any(700)));
    start(victim);
    ++kills;
  }
  // It is stopped until others have its partitions, and goes on as though nothing had been.
  void worker_stands_still() {
    const int victim = any(kWorkers);
    workers[victim]->signal(SIGSTOP);
    std::this_thread::sleep_for(kBeyondTheSession);
    EXPECT_TRUE(has_events(events() + 1, 60s));
    workers[victim]->signal(SIGCONT);
    ++zombies;
  }
  void node_dies() {
    any(2) == 0 ? kafka->kill(1) : kafka->stop(1);
    const int victim = any(kWorkers);
    kill(victim);
    kafka->restart(1);
    start(victim);  // behind the node: it would not start without
    ++kills;
    ++nodes;
  }
  void one_fault(int number) {
    switch (number < 3 ? number : any(6)) {
      case 1:
        return worker_stands_still();
      case 2:
        return node_dies();
      default:
        return worker_dies();
    }
  }
};

TEST_F(TotalsThroughFaults, EqualTheFilesThoughProcessesAndTheNodeDie) {
  std::printf("  totals: BRAID_FAULT_SEED=%llu\n", static_cast<unsigned long long>(seed));
  constexpr int kRate = 2'000;
  // Half a minute, unless it is a soak.
  const auto lasts = faults::soaking() ? faults::mix_time() : 30s;
  const auto until = std::chrono::steady_clock::now() + lasts;
  generate(kRate * static_cast<std::uint64_t>(lasts.count()));
  for (int i = 0; i < kWorkers; ++i) start(i);
  ingest(kRate);
  ASSERT_TRUE(has_events(2'000, 60s));
  for (int i = 0; i < 6 || std::chrono::steady_clock::now() < until; ++i) {
    one_fault(i);
    ASSERT_FALSE(HasFatalFailure());
    // Or a consumer group that does nothing but rebalance is all there is.
    if (i % 2 == 1 && events() < expected.counts.events) {
      ASSERT_TRUE(has_events(events() + 1, 60s));
    }
  }

  ASSERT_EQ(ingesting->wait(180s + lasts), 0) << ingesting->err();
  ASSERT_TRUE(has_events(expected.counts.events, 180s + lasts)) << events() << " of " << expected.counts.events;
  stop_all();
  EXPECT_EQ(difference(PostgresTotals::read(database), expected), "");
  // What was recorded was forgotten as the positions passed it: all of it.
  EXPECT_EQ(query("SELECT sum(position) FROM braid_positions"), static_cast<std::int64_t>(expected.counts.events));
  EXPECT_EQ(query("SELECT count(*) FROM braid_done"), 0);
  // Each kill and each zombie gave partitions to others.
  EXPECT_GT(query("SELECT sum(epoch) FROM braid_epochs"), kPartitions);
  // A server that tells of no transaction that was given up has seen nobody die within one.
  EXPECT_GT(query("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()"), 0);
  std::printf("RESULT name=totals.faults kills=%d zombies=%d nodes=%d events=%llu\n", kills, zombies, nodes,
              static_cast<unsigned long long>(expected.counts.events));
}

// That the proof can fail: who stores positions beside the results, and not with them, counts events twice.
TEST_F(TotalsInPostgres, OffsetsOutsideOfTheTransactionAreFound) {
  generate(5'000);
  ingest(50'000);
  ASSERT_EQ(ingesting->wait(120s), 0) << ingesting->err();
  const std::map<std::string, std::string> planted{{"plant", "outside"}, {"interval_ms", "600000"}};
  start(0, planted);
  ASSERT_TRUE(has_events(1'000, 60s));
  kill(0);
  start(0, planted);
  ASSERT_TRUE(has_events(expected.counts.events + 1, 120s));
  EXPECT_NE(difference(PostgresTotals::read(database), expected), "");
}

}  // namespace
}  // namespace braid::integration
