// Keeps clickstream totals in PostgreSQL as `clickstream consume` does, for tests that kill and stop it. Arguments
// are NAME=VALUE:
//   bootstrap, group, topic, database   required
//   hold_ms                             each transaction is held open for so long before it is committed
//   interval_ms                         how often positions are stored
//   idle_ms                             the store's idle_limit
//   plant=outside                       offsets do not go into the transaction, only positions are stored
//   kafka.NAME                          a setting of Kafka's client

#include "apps/clickstream/src/postgres/postgres_totals.hpp"
#include "mock/application/program_arguments.hpp"

#include <braid/braid.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

namespace {

using namespace std::chrono_literals;

// As one would who stores positions beside the results, and not with them.
class Outside final : public clickstream::PostgresTotals {
 public:
  using PostgresTotals::PostgresTotals;

 private:
  void save(pqxx::dbtransaction&, braid::Batch&) override {}
};

int run(int count, char** values) {
  auto [given, kafka] = braid::application_test::read_arguments(count, values);
  const auto time = [&given = given](const char* name, std::chrono::milliseconds otherwise) {
    return given.contains(name) ? std::chrono::milliseconds(std::stoi(given[name])) : otherwise;
  };
  const auto hold = time("hold_ms", 0ms);
  auto parts = std::make_shared<clickstream::PostgresTotalsParts>();
  parts->database = given.at("database");
  parts->store = std::make_shared<braid::PostgresOffsetStore>(braid::PostgresOffsetStore::Settings{
      .connection = parts->database, .lock_wait = 500ms, .idle_limit = time("idle_ms", 30s)});
  if (hold > 0ms) parts->before_commit = [hold] { std::this_thread::sleep_for(hold); };
  const bool outside = given["plant"] == "outside";

  braid::Settings settings;
  settings.kafka = kafka;
  settings.kafka["bootstrap.servers"] = given.at("bootstrap");
  settings.concurrency = 4;
  settings.handle_signals = true;
  settings.drain_on_revoke = 2s;
  settings.shutdown_timeout = 20s;
  auto routes = braid::routing::draw([&](braid::routing::RoutesBuilder& r) {
    r.consumer_group(given.at("group"))
        .topic(given.at("topic"))
        .consumer("PostgresTotals",
                  [parts, outside]() -> std::unique_ptr<braid::Consumer> {
                    if (outside) return std::make_unique<Outside>(parts);
                    return std::make_unique<clickstream::PostgresTotals>(parts);
                  })
        .max_messages(400)
        .virtual_partitions({.max_partitions = 4})
        .flow(braid::routing::Flow::continuous)
        .initial_offset(braid::routing::InitialOffset::earliest)
        .retries({.backoff = braid::fixed(100ms)})
        .commit({.when = braid::routing::Commit::When::external, .interval = time("interval_ms", 300ms)})
        .offset_store(parts->store);
  });
  braid::Application application(settings, std::move(routes));
  return application.run().in_time ? 0 : 3;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run(count, values);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
