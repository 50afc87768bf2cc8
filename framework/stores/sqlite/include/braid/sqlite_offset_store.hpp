#pragma once

#include <braid/offset_store.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct sqlite3;

namespace braid {

// Positions in an SQLite database, beside the results; link braid::sqlite. For processes of one machine: SQLite
// takes one writer at a time, and a process that is stopped in the middle of a transaction keeps all others out.
//
//   store_->save(db_, batch);   // within BEGIN IMMEDIATE ... COMMIT, of a connection to the same file
//
// Its tables, braid_schema, braid_positions and braid_done, are made, and brought up to date, with the first call
// of open(). See docs/offsets_in_a_database.md.
//
// Thread: any. Its own calls have a connection of their own, made anew behind a failure and where the file is another
// one now; a consumer brings its own, one a consumer object.
class SqliteOffsetStore final : public OffsetStore {
 public:
  struct Settings {
    std::string file;  // is made if it is not there; not ":memory:", which nobody else could open
    // How long open() and save() wait for others' transactions. What consumers wait is their connection's own
    // setting (sqlite3_busy_timeout).
    std::chrono::milliseconds busy_timeout = std::chrono::seconds(5);
  };
  // Opens nothing yet. Throws std::invalid_argument for a file that others can't open.
  explicit SqliteOffsetStore(Settings settings);
  ~SqliteOffsetStore() override;
  SqliteOffsetStore(const SqliteOffsetStore&) = delete;
  SqliteOffsetStore& operator=(const SqliteOffsetStore&) = delete;

  Result<std::vector<Stored>> open(const std::string& group, std::span<const Partition> partitions) override;
  Result<void> save(const std::string& group, std::span<const Position> positions) override;

  // Records in the transaction that is open on `db` that the messages of `batch` are done; those that are marked
  // count as recorded before. Anywhere in the transaction, once for the same messages. Blocks as `db` does.
  //
  // Throws StaleEpoch and RecordedBefore, having rolled the transaction back; std::logic_error where none is open
  // on `db`, or the topic's positions are not kept here; std::runtime_error for what SQLite refuses, and then the
  // transaction is the caller's to roll back.
  void save(sqlite3* db, Batch& batch);

  // The version of the tables that this one makes and needs.
  static int schema_version();

 private:
  class Connection;
  template <class Work>
  auto with_connection(const Work& work);

  const Settings settings_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  // guarded by mutex_; null until the first call, and behind a failure
};

}  // namespace braid
