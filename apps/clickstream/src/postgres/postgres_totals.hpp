#pragma once

#include "apps/clickstream/src/event_parser.hpp"
#include "apps/clickstream/src/totals_rows.hpp"

#include <braid/consumer.hpp>
#include <braid/postgres_offset_store.hpp>

#include <functional>
#include <memory>
#include <pqxx/connection>
#include <string>

namespace pqxx {
class dbtransaction;
}

namespace clickstream {

/// Connections that are in use by no batch just now. Thread: any.
class IdleConnections;
std::shared_ptr<IdleConnections> make_idle_connections();

/// What all consumers of one run share.
struct PostgresTotalsParts {
  std::shared_ptr<braid::PostgresOffsetStore> store;
  std::string database;                   ///< How libpq connects to it.
  std::function<void()> before_commit{};  ///< Within the transaction; for tests.
  /// So that there are no more than batches run at one time, however many virtual partitions there are.
  std::shared_ptr<IdleConnections> idle = make_idle_connections();
};

/// Keeps the totals of a clickstream in PostgreSQL: each batch is one transaction, with its offsets in it, so that
/// every event counts exactly once, whatever dies in between.
class PostgresTotals : public braid::Consumer {
 public:
  explicit PostgresTotals(std::shared_ptr<const PostgresTotalsParts> parts);
  ~PostgresTotals() override;

  /// Makes the tables that are not there. Throws pqxx::failure.
  static void create_tables(const std::string& database);
  /// What they have now. Throws pqxx::failure.
  static TotalsRows read(const std::string& database);

 protected:
  void consume(braid::Batch& batch) override;
  /// For who gets it wrong on purpose.
  virtual void save(pqxx::dbtransaction& tx, braid::Batch& batch);

  const std::shared_ptr<const PostgresTotalsParts> parts_;

 private:
  void consume(pqxx::connection& connection, braid::Batch& batch, const TotalsRows& rows);

  EventParser parser_;
};

}  // namespace clickstream
