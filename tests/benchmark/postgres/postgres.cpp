// Exactly once into PostgreSQL: batches of 1,000 with their offsets in the transaction, without them, and singly

#include "benchmark/shared/broker.hpp"
#include "benchmark/shared/timed_run.hpp"
#include "integration/postgres/postgres_server.hpp"

#include <braid/braid.hpp>
#include <braid/postgres_offset_store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

namespace braid::benchmarks {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kMessages = 5'000'000;
constexpr std::uint64_t kMessagesSingly = 10'000;
constexpr int kPartitions = 4;
constexpr int kRounds = 3;

enum class What : std::uint8_t {
  exactly_once,  // the offsets are in the transaction
  beside,        // the same transaction without them: at least once
  singly,        // exactly once, a transaction for each message
};

struct Sums {
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> transactions{0};
  // Of all workers together.
  std::atomic<std::int64_t> ns_in_save{0};
  std::atomic<std::int64_t> ns_in_commit{0};
  std::atomic<std::int64_t> ns_in_consume{0};
};

struct Parts {
  What what = What::exactly_once;
  std::shared_ptr<PostgresOffsetStore> store;
  std::string database;
  Sums sums;
};

// Counts messages by key, in one statement a batch.
class Counting final : public Consumer {
 public:
  explicit Counting(std::shared_ptr<Parts> parts) : parts_(std::move(parts)), connection_(parts_->database) {}

 private:
  void consume(Batch& batch) override {
    const auto began = Clock::now();
    pqxx::work tx(connection_);
    if (parts_->what != What::beside) parts_->store->save(tx, batch);
    const auto saved = Clock::now();
    tx.exec(
        fmt::format("INSERT INTO counts AS old VALUES ({}, {}, {}) ON CONFLICT (kafka_partition, "
                    "virtual_partition) DO UPDATE SET messages = old.messages + EXCLUDED.messages",
                    batch.partition().value, batch.virtual_partition().index().value, batch.size()));
    const auto done = Clock::now();
    tx.commit();
    const auto committed = Clock::now();
    Sums& sums = parts_->sums;
    const auto add = [](std::atomic<std::int64_t>& to, Clock::duration time) {
      to += std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
    };
    add(sums.ns_in_save, saved - began);
    add(sums.ns_in_commit, committed - done);
    add(sums.ns_in_consume, committed - began);
    ++sums.transactions;
    sums.messages += batch.size();
  }

  std::shared_ptr<Parts> parts_;
  pqxx::connection connection_;
};

struct Row {
  double rate = 0;  // messages a second
  double messages_a_transaction = 0;
  double in_save = 0;  // shares of the consumers' time
  double in_commit = 0;
};

routing::Routes routes_of(const std::string& topic, const std::shared_ptr<Parts>& parts) {
  return routing::draw([&](routing::RoutesBuilder& r) {
    r.consumer_group("benchmark")
        .topic(topic)
        .consumer("Counting", [parts] { return std::make_unique<Counting>(parts); })
        .max_messages(parts->what == What::singly ? 1 : 1000)
        .virtual_partitions({.max_partitions = 1})  // batches of 1,000 are transactions of 1,000
        .initial_offset(routing::InitialOffset::earliest)
        .commit({.when = routing::Commit::When::external, .interval = 1s})
        .offset_store(parts->store);
  });
}

Row run(Broker& broker, const std::string& topic, What what, std::uint64_t messages) {
  auto parts = std::make_shared<Parts>();
  parts->what = what;
  parts->database = integration::PostgresServer::shared().make_database();
  parts->store =
      std::make_shared<PostgresOffsetStore>(PostgresOffsetStore::Settings{.connection = parts->database});
  {
    pqxx::connection connection(parts->database);
    pqxx::nontransaction(connection)
        .exec(
            "CREATE TABLE counts (kafka_partition int, virtual_partition int, messages bigint, "
            "PRIMARY KEY (kafka_partition, virtual_partition))");
  }
  const Settings settings = settings_for(broker, kPartitions);
  Application application(settings, routes_of(topic, parts));
  application.start();
  const double seconds = seconds_to_read(parts->sums.messages, messages);
  application.stop();
  const Sums& sums = parts->sums;
  const auto consume = static_cast<double>(sums.ns_in_consume.load());
  return {.rate = static_cast<double>(messages) / seconds,
          .messages_a_transaction =
              static_cast<double>(sums.messages.load()) / static_cast<double>(sums.transactions.load()),
          .in_save = static_cast<double>(sums.ns_in_save.load()) / consume,
          .in_commit = static_cast<double>(sums.ns_in_commit.load()) / consume};
}

void show(const char* name, const std::vector<Row>& rows) {
  const Row middle = median_by_rate(rows);
  const auto [least, most] = std::ranges::minmax(rows, {}, &Row::rate);
  std::cout << fmt::format(
                   "  {:<14} {:>9.0f} messages/s ({:.0f} to {:.0f}), {:.0f} a transaction; of the consumers' time "
                   "{:.0f} % in save, {:.0f} % in commit",
                   name, middle.rate, least.rate, most.rate, middle.messages_a_transaction, middle.in_save * 100,
                   middle.in_commit * 100)
            << '\n'
            << fmt::format(
                   "RESULT name=postgres.{} messages_per_second={:.0f} least={:.0f} most={:.0f} "
                   "messages_a_transaction={:.1f} in_save={:.3f} in_commit={:.3f} rounds={}",
                   name, middle.rate, least.rate, most.rate, middle.messages_a_transaction, middle.in_save,
                   middle.in_commit, rows.size())
            << std::endl;
}

int benchmark() {
  // Commits cost what they cost.
  ::setenv("BRAID_POSTGRES_FSYNC", "on", 1);
  if (const auto missing = integration::PostgresServer::missing()) {
    std::cout << *missing << '\n';
    return 0;
  }
  const auto broker = start_broker({});
  const std::uint64_t messages = std::min(kMessages, kPartitions * broker->capacity(100 + kKeyBytes));
  broker->create_topic("many", kPartitions);
  fill(broker->bootstrap(), "many", {.messages = messages, .partitions = kPartitions});
  broker->create_topic("few", kPartitions);
  fill(broker->bootstrap(), "few", {.messages = kMessagesSingly, .partitions = kPartitions});
  std::cout << fmt::format("{} and PostgreSQL on this machine, with fsync; {} partitions, as many workers\n",
                           broker->name(), kPartitions);
  std::vector<Row> exactly_once;
  std::vector<Row> beside;
  std::vector<Row> singly;
  for (int round = 0; round < kRounds; ++round) {
    exactly_once.push_back(run(*broker, "many", What::exactly_once, messages));
    beside.push_back(run(*broker, "many", What::beside, messages));
    singly.push_back(run(*broker, "few", What::singly, kMessagesSingly));
  }
  show("exactly_once", exactly_once);
  show("at_least_once", beside);
  show("singly", singly);
  std::cout << fmt::format("RESULT name=postgres.ratios of_at_least_once={:.2f} of_singly={:.1f}",
                           median_by_rate(exactly_once).rate / median_by_rate(beside).rate,
                           median_by_rate(exactly_once).rate / median_by_rate(singly).rate)
            << std::endl;
  return 0;
}

}  // namespace
}  // namespace braid::benchmarks

int main() {
  try {
    return braid::benchmarks::benchmark();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
