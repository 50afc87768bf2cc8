#include "schema.hpp"
#include "statement.hpp"

#include <braid/batch_record.hpp>
#include <braid/sqlite_offset_store.hpp>

#include <sqlite3.h>

#include <stdexcept>
#include <utility>

namespace braid {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr const char* kHere = " WHERE group_id = ? AND topic = ? AND \"partition\" = ?";

Statement& at(Statement& statement, const std::string& group, const OffsetStore::Partition& partition) {
  return statement.bind(group).bind(partition.topic).bind(std::int64_t{partition.number.value});
}

std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

OffsetStore::Stored open_one(sqlite3* db, const std::string& group, const OffsetStore::Partition& partition) {
  OffsetStore::Stored stored;
  {
    Statement raise(db,
                    "INSERT INTO braid_positions (group_id, topic, \"partition\", epoch) VALUES (?, ?, ?, 1) "
                    "ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch, position, metadata");
    at(raise, group, partition).step();
    stored.epoch = static_cast<std::uint64_t>(raise.integer(0));
    if (const auto position = raise.maybe(1)) stored.position = CommitPosition{*position};
    stored.metadata = raise.text(2);
    while (raise.step()) {
    }
  }
  Statement done(db, std::string("SELECT first_offset, last_offset FROM braid_done") + kHere);
  at(done, group, partition);
  while (done.step()) stored.done.push_back({{done.integer(0)}, {done.integer(1)}});
  return stored;
}

// 0: nobody has opened it.
std::uint64_t epoch_of(sqlite3* db, const std::string& group, const OffsetStore::Partition& partition) {
  Statement look(db, std::string("SELECT epoch FROM braid_positions") + kHere);
  return at(look, group, partition).step() ? static_cast<std::uint64_t>(look.integer(0)) : 0;
}

// Who begins elsewhere does again what others have recorded there.
void forget_others(sqlite3* db, const std::string& group, const OffsetStore::Partition& partition,
                   std::uint64_t epoch, Generation generation) {
  Statement forget(db, std::string("DELETE FROM braid_done") + kHere + " AND (epoch, generation) <> (?, ?)");
  at(forget, group, partition).bind(number(epoch)).bind(number(generation.value)).step();
}

void move(sqlite3* db, const std::string& group, const OffsetStore::Position& to) {
  Statement move(db, std::string("UPDATE braid_positions SET position = ?, metadata = ?, position_epoch = ?, "
                                 "position_generation = ?") +
                         kHere);
  move.bind(to.position.value).bind(to.metadata).bind(number(to.epoch)).bind(number(to.generation.value));
  at(move, group, to.partition).step();
  if (to.anew) forget_others(db, group, to.partition, to.epoch, to.generation);
  Statement fold(db, std::string("DELETE FROM braid_done") + kHere + " AND last_offset < ?");
  at(fold, group, to.partition).bind(to.position.value).step();
}

// A later generation has stored where it is: this one asked late.
bool is_over(sqlite3* db, const std::string& group, const OffsetStore::Position& position) {
  Statement look(db, std::string("SELECT 1 FROM braid_positions") + kHere +
                         " AND position_epoch = ? AND position_generation > ?");
  at(look, group, position.partition).bind(number(position.epoch)).bind(number(position.generation.value));
  return look.step();
}

// Why it must not be stored.
std::optional<Error> not_committed(sqlite3* db, const std::string& group, const OffsetStore::Position& position) {
  if (position.recorded.empty()) return std::nullopt;
  Statement done(db, std::string("SELECT first_offset, last_offset FROM braid_done") + kHere +
                         " AND epoch = ? AND generation = ?");
  at(done, group, position.partition).bind(number(position.epoch)).bind(number(position.generation.value));
  std::vector<OffsetRange> recorded;
  while (done.step()) recorded.push_back({{done.integer(0)}, {done.integer(1)}});
  Statement look(db, std::string("SELECT position FROM braid_positions") + kHere +
                         " AND position_epoch = ? AND position_generation = ?");
  at(look, group, position.partition).bind(number(position.epoch)).bind(number(position.generation.value));
  std::optional<CommitPosition> stored;
  if (look.step()) {
    if (const auto there = look.maybe(0)) stored = CommitPosition{*there};
  }
  return OffsetStore::not_committed(position, std::move(recorded), stored);
}

Result<void> save_all(sqlite3* db, const std::string& group, std::span<const OffsetStore::Position> positions) {
  Transaction transaction(db);
  for (const OffsetStore::Position& each : positions) {
    if (epoch_of(db, group, each.partition) != each.epoch) {
      return Error(Error::Kind::stale_member,
                   each.partition.topic + "/" + std::to_string(each.partition.number.value) +
                       ": another member has opened it in the offset store since; this one's position is refused");
    }
    if (is_over(db, group, each)) continue;
    if (auto wrong = not_committed(db, group, each)) return *std::move(wrong);
    move(db, group, each);
  }
  transaction.commit();
  return {};
}

// --- a share's

void begin_where_it_began(sqlite3* db, const BatchRecord& record) {
  Statement move(db, std::string("UPDATE braid_positions SET position = ?, metadata = '', position_epoch = ?, "
                                 "position_generation = ?") +
                         kHere + " AND (position_epoch, position_generation) <> (?, ?)");
  const std::int64_t epoch = number(record.epoch());
  const std::int64_t generation = number(record.generation().value);
  move.bind(record.begins_at()->value).bind(epoch).bind(generation);
  at(move, record.group(), record.partition()).bind(epoch).bind(generation).step();
  if (sqlite3_changes(db) == 0) return;
  forget_others(db, record.group(), record.partition(), record.epoch(), record.generation());
}

std::vector<OffsetRange> find_recorded(sqlite3* db, const BatchRecord& record) {
  std::vector<OffsetRange> found;
  Statement look(db, std::string("SELECT first_offset, last_offset FROM braid_done") + kHere +
                         " AND epoch = ? AND generation = ? AND first_offset <= ? AND last_offset >= ?");
  for (const OffsetRange range : record.done()) {
    at(look, record.group(), record.partition()).bind(number(record.epoch()));
    look.bind(number(record.generation().value)).bind(range.last.value).bind(range.first.value);
    while (look.step()) found.push_back({{look.integer(0)}, {look.integer(1)}});
    look.reset();
  }
  return found;
}

void insert_done(sqlite3* db, const BatchRecord& record) {
  Statement insert(db, "INSERT INTO braid_done VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const OffsetRange range : record.done()) {
    at(insert, record.group(), record.partition()).bind(number(record.epoch()));
    insert.bind(number(record.generation().value)).bind(range.first.value).bind(range.last.value).step();
    insert.reset();
  }
}

void roll_back(sqlite3* db) {
  if (sqlite3_get_autocommit(db) == 0) sqlite::execute(db, "ROLLBACK");
}

}  // namespace

// One to the store's file. Thread: one at a time.
class SqliteOffsetStore::Connection {
 public:
  explicit Connection(const Settings& settings) {
    const int code =
        sqlite3_open_v2(settings.file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    try {
      if (code != SQLITE_OK) {
        throw std::runtime_error("SQLite: " + settings.file + ": " +
                                 (db_ != nullptr ? sqlite3_errmsg(db_) : "out of memory"));
      }
      sqlite3_busy_timeout(db_, static_cast<int>(settings.busy_timeout.count()));
      sqlite::migrate(db_);
    } catch (...) {
      sqlite3_close_v2(db_);
      throw;
    }
  }
  ~Connection() { sqlite3_close_v2(db_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  [[nodiscard]] sqlite3* db() const { return db_; }
  // Its file is another one now, or gone: what is written here nobody would ever find.
  [[nodiscard]] bool moved() const {
    int moved = 0;
    return sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
  }

 private:
  sqlite3* db_ = nullptr;
};

SqliteOffsetStore::SqliteOffsetStore(Settings settings) : settings_(std::move(settings)) {
  if (settings_.file.empty() || settings_.file == ":memory:") {
    throw std::invalid_argument(
        "an SQLite offset store needs a file: consumers store in it by connections of their own");
  }
}

SqliteOffsetStore::~SqliteOffsetStore() = default;

// What has failed is not worked with again: nobody knows what it is good for, and a disk may have room by then.
template <class Work>
auto SqliteOffsetStore::with_connection(const Work& work) {
  const std::lock_guard lock(mutex_);
  const bool moved = connection_ && connection_->moved();
  if (moved) connection_.reset();
  if (!connection_) {
    connection_ = std::make_unique<Connection>(settings_);
    // A copy from before knows epochs of ours, and not the results that were stored since, in the file that is
    // gone: nothing may be moved in it before its partitions are opened again.
    if (moved) sqlite::execute(connection_->db(), "UPDATE braid_positions SET epoch = epoch + 1");
  }
  try {
    return work(connection_->db());
  } catch (...) {
    connection_.reset();
    throw;
  }
}

Result<std::vector<OffsetStore::Stored>> SqliteOffsetStore::open(const std::string& group,
                                                                 std::span<const Partition> partitions) {
  return with_connection([&](sqlite3* db) {
    Transaction transaction(db);
    std::vector<Stored> answer;
    for (const Partition& partition : partitions) answer.push_back(open_one(db, group, partition));
    transaction.commit();
    return answer;
  });
}

Result<void> SqliteOffsetStore::save(const std::string& group, std::span<const Position> positions) {
  return with_connection([&](sqlite3* db) { return save_all(db, group, positions); });
}

void SqliteOffsetStore::save(sqlite3* db, Batch& batch) {
  BatchRecord record(*this, batch);
  if (sqlite3_get_autocommit(db) != 0) {
    throw std::logic_error("save: no transaction is open; BEGIN IMMEDIATE before the results are stored");
  }
  if (epoch_of(db, record.group(), record.partition()) != record.epoch()) {
    roll_back(db);
    record.refuse_epoch();
  }
  if (record.in_doubt()) {
    if (const auto found = find_recorded(db, record); !found.empty()) {
      roll_back(db);
      record.refuse_recorded(found);
    }
  }
  if (record.begins_at()) begin_where_it_began(db, record);
  insert_done(db, record);
  record.noted();
}

int SqliteOffsetStore::schema_version() {
  return sqlite::schema_version();
}

}  // namespace braid
