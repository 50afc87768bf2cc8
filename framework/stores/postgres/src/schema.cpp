#include "schema.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace braid::postgres {

namespace {

constexpr int kOldestServer = 140'000;

// Each leads from one version to the next; {0} goes before tables' names. What has been released is never changed,
// only added to.
constexpr std::array kSteps{
    // 1: who has which partition, and where each is. Two tables, since the epoch's row is locked by each share's
    // transaction, which must not wait for a position to be stored. epoch and generation of a position: who has
    // stored it.
    R"(CREATE TABLE {0}braid_epochs (
  group_id text NOT NULL, topic text NOT NULL, "partition" integer NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (group_id, topic, "partition"));
CREATE TABLE {0}braid_positions (
  group_id text NOT NULL, topic text NOT NULL, "partition" integer NOT NULL,
  position bigint NOT NULL, metadata text NOT NULL,
  epoch bigint NOT NULL, generation bigint NOT NULL,
  PRIMARY KEY (group_id, topic, "partition"));
)",
    // 2: what consumers' transactions have recorded to be done, from the position on; a row each.
    R"(CREATE TABLE {0}braid_done (
  group_id text NOT NULL, topic text NOT NULL, "partition" integer NOT NULL,
  epoch bigint NOT NULL, generation bigint NOT NULL,
  first_offset bigint NOT NULL, last_offset bigint NOT NULL, offsets int8multirange NOT NULL,
  PRIMARY KEY (group_id, topic, "partition", epoch, generation, first_offset));
)",
};

int version_of(pqxx::work& tx, const std::string& prefix) {
  if (tx.exec(fmt::format("SELECT to_regclass({})", tx.quote(prefix + "braid_schema")))[0][0].is_null()) return 0;
  const pqxx::result rows = tx.exec(fmt::format("SELECT version FROM {}braid_schema", prefix));
  return rows.empty() ? 0 : rows[0][0].as<int>();
}

}  // namespace

int schema_version() {
  return static_cast<int>(kSteps.size());
}

std::string migration_sql(const std::string& prefix, int from) {
  std::string sql;
  if (from == 0) sql += fmt::format("CREATE TABLE {}braid_schema (version integer NOT NULL);\n", prefix);
  for (auto step = static_cast<std::size_t>(from); step < kSteps.size(); ++step) {
    sql += fmt::format(fmt::runtime(kSteps[step]), prefix);
  }
  sql += fmt::format("DELETE FROM {0}braid_schema;\nINSERT INTO {0}braid_schema VALUES ({1});\n", prefix,
                     schema_version());
  return sql;
}

void migrate(pqxx::connection& connection, const std::string& prefix, bool creates) {
  if (connection.server_version() < kOldestServer) {
    throw std::runtime_error("the offset store needs PostgreSQL 14 or newer");
  }
  pqxx::work tx(connection);
  // One process at a time; the others find it done.
  tx.exec(fmt::format("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))",
                      tx.quote(std::string("braid migrates"))));
  const int version = version_of(tx, prefix);
  if (version == schema_version()) return;
  if (version > schema_version() || !creates) {
    throw std::runtime_error(fmt::format(
        "the offset store's tables are of version {}, and this program needs {}; {}", version, schema_version(),
        version > schema_version() ? "run a newer one" : "run what migration_sql() says"));
  }
  tx.exec(migration_sql(prefix, version));
  tx.commit();
}

}  // namespace braid::postgres
