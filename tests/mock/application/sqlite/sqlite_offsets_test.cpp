// Results and offsets in one SQLite file: applications that end in the worst moments, against the mock cluster.

#include "mock/application/application_test.hpp"

#include <braid/sqlite_offset_store.hpp>

#include <gtest/gtest.h>

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace braid::application_test {
namespace {

namespace fs = std::filesystem;
using When = routing::Commit::When;

// A consumer's own connection. Thread: one at a time.
class Database {
 public:
  explicit Database(const std::string& file) {
    if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("sqlite3_open");
    sqlite3_busy_timeout(db_, 30'000);
  }
  ~Database() { sqlite3_close_v2(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void run(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(db_));
    }
  }
  void roll_back() {
    if (sqlite3_get_autocommit(db_) == 0) run("ROLLBACK");
  }
  // How often each offset has had its effect.
  [[nodiscard]] std::map<std::int64_t, int> effects() {
    std::map<std::int64_t, int> effects;
    const auto note = [](void* into, int, char** values, char**) {
      ++(*static_cast<std::map<std::int64_t, int>*>(into))[std::stoll(values[0])];
      return 0;
    };
    sqlite3_exec(db_, "SELECT at FROM effects", note, &effects, nullptr);
    return effects;
  }
  // -1: none is stored.
  [[nodiscard]] std::int64_t position() {
    std::int64_t position = -1;
    const auto note = [](void* into, int, char** values, char**) {
      if (values[0] != nullptr) *static_cast<std::int64_t*>(into) = std::stoll(values[0]);
      return 0;
    };
    sqlite3_exec(db_, "SELECT position FROM braid_positions", note, &position, nullptr);
    return position;
  }
  sqlite3* get() { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

class SqliteOffsets : public ApplicationTest {
 protected:
  SqliteOffsets() {
    std::string name = (fs::temp_directory_path() / "braid-offsets.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = name;
    Database(file()).run("PRAGMA journal_mode = WAL; CREATE TABLE effects (at INTEGER NOT NULL)");
  }
  ~SqliteOffsets() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string file() const { return folder_ / "results.db"; }
  [[nodiscard]] std::shared_ptr<SqliteOffsetStore> new_store() const {
    return std::make_shared<SqliteOffsetStore>(SqliteOffsetStore::Settings{.file = file()});
  }
  // Effects and offsets in one transaction; then `behind` happens, which may throw.
  void process_with(std::shared_ptr<SqliteOffsetStore> store, std::function<void(Batch&)> before = {},
                    std::function<void(Batch&)> behind = {}) {
    recorder->script = [this, store = std::move(store), before = std::move(before),
                        behind = std::move(behind)](Batch& batch) {
      Database db(file());
      db.run("BEGIN IMMEDIATE");
      try {
        for (const Message& message : batch) {
          db.run("INSERT INTO effects VALUES (" + std::to_string(message.offset().value) + ")");
        }
        if (before) before(batch);
        store->save(db.get(), batch);
        db.run("COMMIT");
      } catch (...) {
        db.roll_back();
        throw;
      }
      if (behind) behind(batch);
    };
  }
  [[nodiscard]] routing::Routes routes(std::shared_ptr<OffsetStore> store,
                                       std::chrono::milliseconds interval = std::chrono::hours(1),
                                       const Tune& more = {}) {
    return route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
      topic.commit({.when = When::external, .interval = interval}).offset_store(store);
      topic.max_messages(5).virtual_partitions({.max_partitions = 3});
      if (more) more(topic);
    });
  }
  [[nodiscard]] std::map<std::int64_t, int> each_once(int count) const {
    std::map<std::int64_t, int> once;
    for (int i = 0; i < count; ++i) once[i] = 1;
    return once;
  }
  [[nodiscard]] bool has_effects(std::size_t count) {
    return eventually([&] { return Database(file()).effects().size() >= count; });
  }

 private:
  fs::path folder_;
};

TEST_F(SqliteOffsets, PositionsFollowWhatSharesHaveRecorded) {
  make_topic("orders");
  produce("orders", 40);
  const auto store = new_store();
  process_with(store);
  Application app(settings(), routes(store, 20ms));
  app.start();
  ASSERT_TRUE(has_effects(40));
  app.stop();
  EXPECT_EQ(Database(file()).effects(), each_once(40));
  const OffsetStore::Partition here{"orders", {0}};
  const auto opened = new_store()->open("g", std::span(&here, 1));
  EXPECT_EQ(opened.value().front().position, CommitPosition{40});
  EXPECT_TRUE(opened.value().front().done.empty());
}

// The position was never stored: what the shares have recorded alone tells the next one where to go on.
TEST_F(SqliteOffsets, WhatIsCommittedIsNotDoneAgainThoughNoPositionWasStored) {
  make_topic("orders");
  produce("orders", 40);
  const auto store = new_store();
  // Some messages fail for as long as the first application lives: gaps.
  std::atomic<bool> first{true};
  process_with(store, [&](Batch& batch) {
    if (first && batch.back().offset().value % 7 == 3) throw std::runtime_error("not now");
  });
  {
    Application app(settings(), routes(store));
    app.start();
    ASSERT_TRUE(eventually([&] { return app.figures().attempts_failed >= 1; }));
    ASSERT_TRUE(has_effects(1));
    Database(file()).run(
        "CREATE TRIGGER no_positions BEFORE UPDATE OF position ON braid_positions "
        "WHEN OLD.position IS NOT NULL BEGIN SELECT RAISE(ABORT, 'crashed'); END");
    app.stop(2s);
  }
  Database(file()).run("DROP TRIGGER no_positions");
  first = false;
  Application again(settings(), routes(store));
  again.start();
  ASSERT_TRUE(has_effects(40));
  again.stop();
  EXPECT_EQ(Database(file()).effects(), each_once(40));
}

TEST_F(SqliteOffsets, ATransactionThatWasCommittedUnknownIsNotRepeated) {
  make_topic("orders");
  produce("orders", 40);
  const auto store = new_store();
  std::atomic<int> failures{0};
  process_with(store, {}, [&](Batch&) {
    if (failures.fetch_add(1) % 2 == 0) throw std::runtime_error("the answer to the commit was lost");
  });
  Application app(settings(), routes(store, 20ms));
  app.start();
  ASSERT_TRUE(has_effects(40));
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done >= 40; }));
  app.stop();
  EXPECT_EQ(Database(file()).effects(), each_once(40));
  EXPECT_GT(failures.load(), 1);
}

// Returning says that a batch is done; the database knows better.
TEST_F(SqliteOffsets, ATransactionThatAConsumerHasForgottenToCommitIsFoundAndItsMessagesComeAgain) {
  make_topic("orders");
  produce("orders", 40);
  const auto store = new_store();
  std::atomic<int> forgotten{0};
  process_with(store);
  const auto process = recorder->script;
  recorder->script = [&, process](Batch& batch) {
    if (batch.front().offset().value % 4 != 0 || forgotten.fetch_add(1) >= 2) return process(batch);
    Database db(file());
    db.run("BEGIN IMMEDIATE");
    db.run("INSERT INTO effects VALUES (" + std::to_string(batch.front().offset().value) + ")");
    store->save(db.get(), batch);
    db.run("ROLLBACK");
  };
  Application app(settings(), routes(store, 20ms));
  app.start();
  ASSERT_TRUE(has_effects(40)) << log.text();
  EXPECT_TRUE(eventually([&] { return Database(file()).position() == 40; }));
  app.stop();
  EXPECT_EQ(Database(file()).effects(), each_once(40));
  EXPECT_GE(forgotten.load(), 2);
  EXPECT_GE(log.count("in a consumer's transaction that was not committed"), 1U) << log.text();
}

// Another member opens the partition in the middle of a transaction: that one is rolled back, and who still has the
// partition goes on where the store is.
TEST_F(SqliteOffsets, AnEpochRaisedByAnotherMemberFencesAndNothingIsDoneTwice) {
  make_topic("orders");
  produce("orders", 40);
  const auto store = new_store();
  std::atomic<int> raised{0};
  process_with(store);
  const auto process = recorder->script;
  recorder->script = [&, process](Batch& batch) {
    if (raised.fetch_add(1) % 3 == 0) {
      const OffsetStore::Partition here{"orders", {0}};
      (void)new_store()->open("g", std::span(&here, 1));
    }
    process(batch);
  };
  Application app(settings(), routes(store, 20ms));
  app.start();
  ASSERT_TRUE(has_effects(40));
  app.stop();
  EXPECT_EQ(Database(file()).effects(), each_once(40));
}

TEST_F(SqliteOffsets, WhatAConsumerSeeksBackToIsDoneOnceMore) {
  make_topic("orders");
  produce("orders", 20);
  const auto store = new_store();
  std::atomic<bool> sought{false};
  process_with(store, {}, [&](Batch& batch) {
    if (batch.back().offset().value == 19 && !sought.exchange(true)) {
      batch.control().seek(SeekTarget::offset(Offset{10}));
    }
  });
  Application app(settings(), routes(store, 20ms, [](routing::TopicBuilder& topic) {
                    topic.virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] {
    const auto effects = Database(file()).effects();
    return effects.contains(19) && effects.at(19) == 2;
  }));
  app.stop();
  auto expected = each_once(20);
  for (std::int64_t at = 10; at < 20; ++at) expected[at] = 2;
  EXPECT_EQ(Database(file()).effects(), expected);
}

TEST_F(SqliteOffsets, SavingOutsideOfATransactionIsRefused) {
  make_topic("orders");
  produce("orders", 5);
  const auto store = new_store();
  std::atomic<int> refused{0};
  recorder->script = [&](Batch& batch) {
    Database db(file());
    try {
      store->save(db.get(), batch);
    } catch (const std::logic_error&) {
      ++refused;
    }
  };
  Application app(settings(), routes(store));
  app.start();
  ASSERT_TRUE(all_seen(5));
  app.stop();
  EXPECT_GE(refused.load(), 1);
}

}  // namespace
}  // namespace braid::application_test
