#include "apps/clickstream/src/postgres/postgres_totals.hpp"

#include <braid/batch.hpp>

#include <memory>
#include <mutex>
#include <pqxx/pqxx>
#include <string_view>
#include <utility>
#include <vector>

namespace clickstream {
namespace {

constexpr const char* tables = R"(
  SELECT pg_advisory_xact_lock(hashtextextended('clickstream tables', 0));
  CREATE TABLE IF NOT EXISTS clickstream_counts (
    kafka_partition integer NOT NULL, virtual_partition integer NOT NULL,
    events bigint NOT NULL, views bigint NOT NULL, carts bigint NOT NULL, removals bigint NOT NULL,
    purchases bigint NOT NULL, revenue_cents bigint NOT NULL, first_time bigint NOT NULL, last_time bigint NOT NULL,
    PRIMARY KEY (kafka_partition, virtual_partition));
  CREATE TABLE IF NOT EXISTS clickstream_products (product_id bigint PRIMARY KEY, views bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS clickstream_sessions (session_id text PRIMARY KEY, bought boolean NOT NULL);
  CREATE TABLE IF NOT EXISTS clickstream_users (user_id bigint PRIMARY KEY))";

// A row for each virtual partition: one for all would let every transaction wait for every other.
std::string add_counts(const braid::VirtualPartition& where, const Counts& counts) {
  std::string values = std::to_string(where.partition().value) + ", " + std::to_string(where.index().value);
  for (const std::uint64_t each : {counts.events, counts.views, counts.carts, counts.removals, counts.purchases}) {
    values += ", " + std::to_string(each);
  }
  for (const std::int64_t each : {counts.revenue_cents, counts.first_time, counts.last_time}) {
    values += ", " + std::to_string(each);
  }
  return "INSERT INTO clickstream_counts AS old VALUES (" + values +
         ") ON CONFLICT (kafka_partition, virtual_partition) DO UPDATE SET "
         "events = old.events + EXCLUDED.events, views = old.views + EXCLUDED.views, "
         "carts = old.carts + EXCLUDED.carts, removals = old.removals + EXCLUDED.removals, "
         "purchases = old.purchases + EXCLUDED.purchases, "
         "revenue_cents = old.revenue_cents + EXCLUDED.revenue_cents, "
         "first_time = least(old.first_time, EXCLUDED.first_time), "
         "last_time = greatest(old.last_time, EXCLUDED.last_time);";
}

/// "INSERT INTO ... VALUES (row), (row) ON CONFLICT ...;", or nothing without rows.
template <class Rows, class ToText>
std::string upsert(std::string_view into, const Rows& rows, const ToText& to_text, std::string_view on_conflict) {
  if (rows.empty()) return {};
  std::string sql = "INSERT INTO ";
  sql += into;
  sql += " VALUES ";
  bool first = true;
  for (const auto& row : rows) {
    sql += first ? "(" : ", (";
    sql += to_text(row);
    sql += ')';
    first = false;
  }
  sql += ' ';
  sql += on_conflict;
  sql += ';';
  return sql;
}

// All transactions take tables and rows in the same order, or two could wait for each other.
void add(pqxx::work& tx, const braid::VirtualPartition& where, const TotalsRows& rows) {
  if (rows.counts.events == 0) return;
  std::string sql = add_counts(where, rows.counts);
  sql += upsert(
      "clickstream_products AS old", rows.views,
      [](const auto& row) { return std::to_string(row.first) + ", " + std::to_string(row.second); },
      "ON CONFLICT (product_id) DO UPDATE SET views = old.views + EXCLUDED.views");
  sql += upsert(
      "clickstream_sessions AS old", rows.sessions,
      [&](const auto& row) { return tx.quote(row.first) + (row.second ? ", true" : ", false"); },
      "ON CONFLICT (session_id) DO UPDATE SET bought = true WHERE EXCLUDED.bought AND NOT old.bought");
  sql += upsert(
      "clickstream_users", rows.users, [](std::uint64_t user) { return std::to_string(user); },
      "ON CONFLICT DO NOTHING");
  tx.exec(sql);
}

Counts read_counts(pqxx::work& tx) {
  const pqxx::result sums = tx.exec(
      "SELECT coalesce(sum(events), 0)::bigint, coalesce(sum(views), 0)::bigint, coalesce(sum(carts), 0)::bigint, "
      "coalesce(sum(removals), 0)::bigint, coalesce(sum(purchases), 0)::bigint, "
      "coalesce(sum(revenue_cents), 0)::bigint, coalesce(min(first_time), 0), coalesce(max(last_time), 0) "
      "FROM clickstream_counts");
  const auto& row = sums[0];
  return {.events = row[0].as<std::uint64_t>(),
          .views = row[1].as<std::uint64_t>(),
          .carts = row[2].as<std::uint64_t>(),
          .removals = row[3].as<std::uint64_t>(),
          .purchases = row[4].as<std::uint64_t>(),
          .revenue_cents = row[5].as<std::int64_t>(),
          .first_time = row[6].as<std::int64_t>(),
          .last_time = row[7].as<std::int64_t>()};
}

}  // namespace

class IdleConnections {
 public:
  using Connection = std::unique_ptr<pqxx::connection>;
  Connection take(const std::string& database) {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        Connection taken = std::move(idle_.back());
        idle_.pop_back();
        return taken;
      }
    }
    return std::make_unique<pqxx::connection>(database);
  }
  void give_back(Connection connection) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  void drop_all() {
    std::vector<Connection> dropped;
    const std::scoped_lock lock(mutex_);
    dropped.swap(idle_);
  }

 private:
  std::mutex mutex_;
  std::vector<Connection> idle_;
};

std::shared_ptr<IdleConnections> make_idle_connections() {
  return std::make_shared<IdleConnections>();
}

PostgresTotals::PostgresTotals(std::shared_ptr<const PostgresTotalsParts> parts) : parts_(std::move(parts)) {}
PostgresTotals::~PostgresTotals() = default;

void PostgresTotals::create_tables(const std::string& database) {
  pqxx::connection connection(database);
  pqxx::work tx(connection);
  tx.exec(tables);
  tx.commit();
}

void PostgresTotals::consume(braid::Batch& batch) {
  TotalsRows rows;
  for (const braid::Message& message : batch) {
    if (const auto event = parser_.parse(message.payload())) rows.add(*event);
  }
  auto connection = parts_->idle->take(parts_->database);
  try {
    consume(*connection, batch, rows);
  } catch (...) {
    // A server that was restarted says it in more ways than by a broken connection, and others are so too, most
    // likely. The attempt is repeated.
    parts_->idle->drop_all();
    throw;
  }
  parts_->idle->give_back(std::move(connection));
}

void PostgresTotals::consume(pqxx::connection& connection, braid::Batch& batch, const TotalsRows& rows) {
  pqxx::work tx(connection);
  save(tx, batch);
  add(tx, batch.virtual_partition(), rows);
  if (parts_->before_commit) parts_->before_commit();
  tx.commit();
}

void PostgresTotals::save(pqxx::dbtransaction& tx, braid::Batch& batch) {
  parts_->store->save(tx, batch);
}

TotalsRows PostgresTotals::read(const std::string& database) {
  pqxx::connection connection(database);
  pqxx::work tx(connection);
  tx.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  TotalsRows rows;
  rows.counts = read_counts(tx);
  for (const auto& row : tx.exec("SELECT product_id, views FROM clickstream_products")) {
    rows.views[row[0].as<std::uint64_t>()] = row[1].as<std::uint64_t>();
  }
  for (const auto& row : tx.exec("SELECT session_id, bought FROM clickstream_sessions")) {
    rows.sessions[row[0].as<std::string>()] = row[1].as<bool>();
  }
  for (const auto& row : tx.exec("SELECT user_id FROM clickstream_users")) {
    rows.users.insert(row[0].as<std::uint64_t>());
  }
  return rows;
}

}  // namespace clickstream
