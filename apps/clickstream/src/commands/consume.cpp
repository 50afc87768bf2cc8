#include "apps/clickstream/src/commands/command.hpp"
#include "apps/clickstream/src/commands/kafka_options.hpp"
#include "apps/clickstream/src/commands/whole_number.hpp"
#include "apps/clickstream/src/postgres/postgres_totals.hpp"

#include <braid/braid.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <stdexcept>

namespace clickstream {
namespace {

using namespace std::chrono_literals;

struct Options {
  std::string bootstrap;
  std::string topic = "ecommerce.events";
  std::string group = "clickstream-postgres";
  std::string database;
  std::uint32_t concurrency = 4;
};

braid::routing::Routes routes_of(const Options& options, const std::shared_ptr<const PostgresTotalsParts>& parts) {
  return braid::routing::draw([&](braid::routing::RoutesBuilder& r) {
    // [routes]
    r.consumer_group(options.group)
        .topic(options.topic)
        .consumer("PostgresTotals", [parts] { return std::make_unique<PostgresTotals>(parts); })
        .max_messages(1000)
        .virtual_partitions({.max_partitions = 8})
        .initial_offset(braid::routing::InitialOffset::earliest)
        .commit({.when = braid::routing::Commit::When::external, .interval = 1s})
        .offset_store(parts->store);
    // [routes]
  });
}

ExitStatus consume(const Options& options, const braid::routing::KafkaSettings& kafka) {
  PostgresTotals::create_tables(options.database);
  const auto parts = std::make_shared<const PostgresTotalsParts>(
      PostgresTotalsParts{.store = std::make_shared<braid::PostgresOffsetStore>(
                              braid::PostgresOffsetStore::Settings{.connection = options.database}),
                          .database = options.database});
  braid::Settings settings;
  settings.kafka = kafka;
  settings.kafka.insert_or_assign("bootstrap.servers", options.bootstrap);
  settings.concurrency = options.concurrency;
  settings.handle_signals = true;
  braid::Application application(settings, routes_of(options, parts));
  const braid::StopReport report = application.run();

  const TotalsRows totals = PostgresTotals::read(options.database);
  std::cout << "RESULT name=consume events=" << totals.counts.events << " sessions=" << totals.sessions.size()
            << " users=" << totals.users.size() << " purchases=" << totals.counts.purchases << '\n';
  std::cout.flush();
  return report.in_time ? ExitStatus::interrupted : ExitStatus::runtime_error;
}

}  // namespace

void register_consume(CLI::App& app, Run& run) {
  CLI::App* const command = app.add_subcommand(
      "consume", "Keep the totals of a topic in PostgreSQL, each event exactly once, until a signal comes");
  const auto options = std::make_shared<Options>();
  command->add_option("--bootstrap", options->bootstrap, "HOST:PORT[,HOST:PORT...] of the Kafka cluster")
      ->required();
  command->add_option("--database", options->database, "How libpq connects: \"host=... dbname=...\", or a URL")
      ->required();
  command->add_option("--topic", options->topic, "From where")->capture_default_str();
  command->add_option("--group", options->group, "The consumer group")->capture_default_str();
  command->add_option("--concurrency", options->concurrency, "How many transactions at once")
      ->check(whole_number(1, 1'000))
      ->capture_default_str();
  const auto kafka = std::make_shared<braid::routing::KafkaSettings>();
  add_kafka_option(*command, kafka);
  command->callback([&run, options, kafka] {
    run = [options, kafka] {
      try {
        return consume(*options, *kafka);
      } catch (const std::invalid_argument& invalid) {
        std::cerr << "clickstream: " << invalid.what() << '\n';
        return ExitStatus::usage_error;
      }
    };
  });
}

}  // namespace clickstream
