#include "schema.hpp"
#include "statements.hpp"

#include <braid/batch_record.hpp>
#include <braid/postgres_offset_store.hpp>

#include <fmt/format.h>

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <pqxx/pqxx>
#include <stdexcept>
#include <utility>

namespace braid {

using postgres::Place;
using std::chrono::milliseconds;

namespace {

constexpr const char* kLockNotAvailable = "55P03";

// What goes before tables' names.
std::string prefix_of(const std::string& schema) {
  if (schema.empty()) return {};
  std::string quoted = "\"";
  for (const char c : schema) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\".";
}

std::string set_local(const char* setting, milliseconds value) {
  return fmt::format("SET LOCAL {} = {};", setting, value.count());
}

// Locks are not kept by a process that is stopped.
std::string limit_idle(milliseconds limit) {
  return limit > milliseconds(0) ? set_local("idle_in_transaction_session_timeout", limit) : "";
}

// What has become of transactions that ended in doubt: waits until they have ended. `in` must read what others have
// committed since it began.
struct Doubt {
  bool stale_epoch = false;
  std::vector<OffsetRange> recorded{};
};
Doubt settle_doubt(pqxx::transaction_base& in, const Place& place, const BatchRecord& record) {
  in.exec(postgres::lock_alone(place));
  if (in.exec(postgres::hold_epoch(place, record.epoch())).empty()) return {.stale_epoch = true};
  return {.recorded = postgres::ranges_of(in.exec(postgres::select_recorded(place, record)))};
}

// libpq says what it does not understand by its text, which may be a password's.
void require_readable(const std::string& connection) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(connection.c_str(), nullptr), &PQconninfoFree);
  if (parsed) return;
  throw std::invalid_argument(
      "a PostgreSQL offset store's connection can't be read, and is not shown, since there may be a password in "
      "it: "
      "give libpq's 'host=... dbname=...', with values that have spaces in single quotes, or a "
      "'postgresql://' address, with such characters as %XX");
}

bool reads_what_is_committed(pqxx::dbtransaction& tx) {
  return tx.exec("SHOW transaction_isolation")[0][0].as<std::string>() == "read committed";
}

}  // namespace

// The store's own. Thread: one at a time.
class PostgresOffsetStore::Connection {
 public:
  explicit Connection(const Settings& settings) : connection_(settings.connection) {
    postgres::migrate(connection_, prefix_of(settings.schema), settings.creates_tables);
  }
  [[nodiscard]] pqxx::connection& get() { return connection_; }

 private:
  pqxx::connection connection_;
};

PostgresOffsetStore::PostgresOffsetStore(Settings settings) : settings_(std::move(settings)) {
  if (settings_.lock_wait < milliseconds(0) || settings_.idle_limit < milliseconds(0)) {
    throw std::invalid_argument("a PostgreSQL offset store's times are not negative");
  }
  require_readable(settings_.connection);
}

PostgresOffsetStore::~PostgresOffsetStore() = default;

PostgresOffsetStore::Connection& PostgresOffsetStore::connection() {
  if (!connection_) connection_ = std::make_unique<Connection>(settings_);
  return *connection_;
}

// --- the listener's

Result<std::vector<OffsetStore::Stored>> PostgresOffsetStore::open(const std::string& group,
                                                                   std::span<const Partition> partitions) {
  const std::lock_guard lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + settings_.lock_wait;
  std::vector<Stored> answer;
  try {
    for (const Partition& partition : partitions) {
      // All together wait no longer than one may; 0 would be: for ever.
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
      answer.push_back(open_one(group, partition, std::max(left, milliseconds(1))));
    }
  } catch (...) {
    connection_.reset();
    throw;
  }
  if (!answer.empty() && std::ranges::all_of(answer, [](const Stored& each) { return each.epoch == 0; })) {
    return Error(Error::Kind::timed_out,
                 "a transaction of a member that had the partition before is still under way; if its process is "
                 "stopped, the server ends it behind idle_limit",
                 true);
  }
  return answer;
}

// In a transaction of its own: the locks of one must not be held while another is waited for.
OffsetStore::Stored PostgresOffsetStore::open_one(const std::string& group, const Partition& partition,
                                                  milliseconds lock_wait) {
  Stored stored;
  pqxx::work tx(connection().get());
  const Place place(tx, prefix_of(settings_.schema), group, partition);
  std::uint64_t epoch = 0;
  try {
    tx.exec(limit_idle(settings_.idle_limit) + set_local("lock_timeout", lock_wait) + postgres::lock_alone(place));
    // Its row is held by who saves a position.
    epoch = tx.exec(postgres::raise_epoch(place))[0][0].as<std::uint64_t>();
  } catch (const pqxx::sql_error& refused) {
    if (refused.sqlstate() == kLockNotAvailable) return stored;
    throw;
  }
  // By statements of their own, which see what the transactions that were waited for have stored.
  if (const pqxx::result row = tx.exec(postgres::select_position(place)); !row.empty()) {
    stored.position = CommitPosition{row[0][0].as<std::int64_t>()};
    stored.metadata = row[0][1].as<std::string>();
  }
  stored.done = postgres::ranges_of(tx.exec(postgres::select_done(place)));
  tx.commit();
  stored.epoch = epoch;
  return stored;
}

Result<void> PostgresOffsetStore::save(const std::string& group, std::span<const Position> positions) {
  const std::lock_guard lock(mutex_);
  // In one order, so that no two that save at the same time wait for each other.
  std::vector<std::size_t> order(positions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) -> const Partition& { return positions[i].partition; });
  try {
    pqxx::work tx(connection().get());
    tx.exec(limit_idle(settings_.idle_limit) +
            set_local("lock_timeout", std::max(settings_.lock_wait, milliseconds(1))));
    for (const std::size_t i : order) {
      const Position& each = positions[i];
      const Place place(tx, prefix_of(settings_.schema), group, each.partition);
      if (tx.exec(postgres::hold_epoch(place, each.epoch)).empty()) {
        return Error(Error::Kind::stale_member,
                     fmt::format("{}/{}: another member has opened it in the offset store since; this one's "
                                 "position is refused",
                                 each.partition.topic, each.partition.number.value));
      }
      if (!tx.exec(postgres::select_later(place, each)).empty()) continue;  // it asked late
      if (!each.recorded.empty()) {
        const auto missing = postgres::ranges_of(tx.exec(postgres::select_missing(place, each)));
        if (!missing.empty()) return not_committed(each, missing.front());
      }
      tx.exec(postgres::save_position(place, tx.quote(each.metadata), each));
    }
    tx.commit();
  } catch (...) {
    connection_.reset();
    throw;
  }
  return {};
}

// --- a share's

namespace {

// For a transaction whose snapshot is older than what it would wait for. Who records in between is none of ours, or
// of a later epoch, which is found by the lock of its row.
Doubt settle_on_another_connection(const PostgresOffsetStore::Settings& settings, const Place& place,
                                   const BatchRecord& record) {
  pqxx::connection connection(settings.connection);
  pqxx::work look(connection);
  look.exec(limit_idle(settings.idle_limit) +
            set_local("lock_timeout", std::max(settings.lock_wait, milliseconds(1))));
  Doubt doubt = settle_doubt(look, place, record);
  look.commit();
  return doubt;
}

}  // namespace

void PostgresOffsetStore::save(pqxx::dbtransaction& tx, Batch& batch) {
  BatchRecord record(*this, batch);
  const Place place(tx, prefix_of(settings_.schema), record.group(), record.partition());
  std::string sql = limit_idle(settings_.idle_limit);
  if (record.in_doubt() && !record.done().empty()) {
    tx.exec(std::exchange(sql, {}));
    const Doubt doubt = reads_what_is_committed(tx) ? settle_doubt(tx, place, record)
                                                    : settle_on_another_connection(settings_, place, record);
    if (doubt.stale_epoch || !doubt.recorded.empty()) tx.abort();
    if (doubt.stale_epoch) record.refuse_epoch();
    if (!doubt.recorded.empty()) record.refuse_recorded(doubt.recorded);
  }
  // By a statement of its own: what follows sees what came before it was given.
  sql += postgres::lock_beside_others(place);
  const bool empty = record.done().empty();
  // The position last of all but the check: what a stale epoch writes before it is refused is rolled back.
  if (record.begins_at() && !empty) sql += postgres::begin_where_it_began(place, record);
  sql += empty ? postgres::hold_epoch(place, record.epoch()) : postgres::insert_done(place, record);
  const pqxx::result result = tx.exec(sql);
  if (empty ? result.empty() : result.affected_rows() == 0) {
    tx.abort();
    record.refuse_epoch();
  }
  record.noted();
}

int PostgresOffsetStore::schema_version() {
  return postgres::schema_version();
}

std::string PostgresOffsetStore::migration_sql(const std::string& schema) {
  return postgres::migration_sql(prefix_of(schema), 0);
}

}  // namespace braid
