#pragma once

#include <braid/offset_store.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace pqxx {
class dbtransaction;
}

namespace braid {

// Positions in a PostgreSQL database (14 or newer), beside the results; link braid::postgres.
//
//   pqxx::work tx(connection_);
//   store_->save(tx, batch);   // first, so that a refusal comes before the work
//   ...                        // the results
//   tx.commit();
//
// Its tables, braid_schema, braid_epochs, braid_positions and braid_done, are made, and brought up to date, with
// the first call of open(). See docs/offsets_in_a_database.md.
//
// Thread: any. Its own calls have a connection of their own; a consumer brings its own, one a consumer object.
class PostgresOffsetStore final : public OffsetStore {
 public:
  struct Settings {
    // As libpq takes it: "host=... dbname=...", or a URL. Never logged; std::invalid_argument, without its text,
    // when it can't be read.
    std::string connection;
    // Where the tables are; empty: where the connection's search_path says. It must exist, and consumers'
    // connections must reach it.
    std::string schema{};
    // False: they are made by others, with migration_sql(); open() then fails until they are there.
    bool creates_tables = true;
    // How long open() waits for transactions of the partition's shares that are still under way, before it is asked
    // again a second later.
    std::chrono::milliseconds lock_wait = std::chrono::seconds(2);
    // A transaction that has recorded a batch and then does nothing for so long is ended by the server: its process
    // is stopped, or cut off, and whoever has the partition next would wait for it. 0: the server's own setting.
    std::chrono::milliseconds idle_limit = std::chrono::seconds(30);
  };
  // Connects to nothing yet. Throws std::invalid_argument for times below 0.
  explicit PostgresOffsetStore(Settings settings);
  ~PostgresOffsetStore() override;
  PostgresOffsetStore(const PostgresOffsetStore&) = delete;
  PostgresOffsetStore& operator=(const PostgresOffsetStore&) = delete;

  // Fails where no partition could be opened; one of which a share's transaction is still under way is left to be
  // asked for again.
  Result<std::vector<Stored>> open(const std::string& group, std::span<const Partition> partitions) override;
  Result<void> save(const std::string& group, std::span<const Position> positions) override;

  // Records in this transaction that the messages of `batch` are done; those that are marked count as recorded
  // before. Any isolation level; the outermost transaction, not a nested one. Best first: a refusal then costs no
  // work, and locks are taken in one order. Last, where messages may be given to dead letters. Waits for open(),
  // for as long as the connection's lock_timeout allows.
  //
  // Throws StaleEpoch and RecordedBefore, having aborted the transaction; std::logic_error where the topic's
  // positions are not kept here; pqxx::failure for what the server refuses.
  void save(pqxx::dbtransaction& tx, Batch& batch);

  // The version of the tables that this one makes and needs.
  static int schema_version();
  // What makes them in a database that has none, for those who prefer to run it themselves.
  static std::string migration_sql(const std::string& schema = {});

 private:
  class Connection;
  Connection& connection();
  [[nodiscard]] Stored open_one(const std::string& group, const Partition& partition,
                                std::chrono::milliseconds lock_wait);

  const Settings settings_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  // guarded by mutex_; null until the first call, and behind a failure
};

}  // namespace braid
