#include <braid/sqlite_offset_store.hpp>

#include <gtest/gtest.h>

#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const OffsetStore::Partition kFirst{"orders", {0}};
const OffsetStore::Partition kSecond{"orders", {1}};

class SqliteOffsetStoreTest : public testing::Test {
 protected:
  SqliteOffsetStoreTest() {
    std::string name = (fs::temp_directory_path() / "braid-offsets.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = name;
    store_ = new_store();
  }
  ~SqliteOffsetStoreTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }
  [[nodiscard]] std::string file() const { return folder_ / "results.db"; }
  [[nodiscard]] std::unique_ptr<SqliteOffsetStore> new_store() const {
    return std::make_unique<SqliteOffsetStore>(SqliteOffsetStore::Settings{.file = file(), .busy_timeout = 50ms});
  }
  OffsetStore::Stored open(const OffsetStore::Partition& partition, const std::string& group = "g") {
    return store_->open(group, std::span(&partition, 1)).value().front();
  }
  Result<void> save(std::vector<OffsetStore::Position> positions, const std::string& group = "g") {
    return store_->save(group, positions);
  }
  void run(const char* sql) const {
    sqlite3* db = nullptr;
    sqlite3_open(file().c_str(), &db);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, &why), SQLITE_OK) << why;
    sqlite3_close(db);
  }
  std::unique_ptr<SqliteOffsetStore> store_;

 private:
  fs::path folder_;
};

TEST_F(SqliteOffsetStoreTest, GivesBackWhatWasSavedToTheNextProcessToo) {
  const auto epoch = open(kFirst).epoch;
  EXPECT_EQ(epoch, 1U);
  ASSERT_TRUE(save({{kFirst, {7}, "gaps", epoch}}).ok());
  store_ = new_store();
  const auto opened = store_->open("g", std::vector{kSecond, kFirst});
  EXPECT_EQ(opened.value()[0].position, std::nullopt);
  EXPECT_EQ(opened.value()[0].epoch, 1U);
  EXPECT_EQ(opened.value()[1].position, CommitPosition{7});
  EXPECT_EQ(opened.value()[1].metadata, "gaps");
  EXPECT_EQ(opened.value()[1].epoch, 2U);
  EXPECT_EQ(open(kFirst, "other").position, std::nullopt);
}

// What a transaction was to record of this epoch and generation: rows of others are none of it.
TEST_F(SqliteOffsetStoreTest, ATransactionThatWasNotCommittedKeepsThePositionBack) {
  const auto epoch = open(kFirst).epoch;
  const auto claiming = [&](std::vector<OffsetRange> recorded) {
    OffsetStore::Position position{kFirst, {10}, "gaps", epoch, Generation{5}};
    position.recorded = std::move(recorded);
    return position;
  };
  run("INSERT INTO braid_done VALUES ('g', 'orders', 0, 1, 5, 4, 9), ('g', 'orders', 0, 1, 4, 0, 3), "
      "('g', 'orders', 1, 1, 5, 0, 3)");
  const auto refused = save({claiming({{{0}, {9}}})});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), Error::Kind::not_committed);
  EXPECT_EQ(open(kFirst).position, std::nullopt);
  run("UPDATE braid_positions SET epoch = 1");  // the look at it has raised it
  EXPECT_TRUE(save({claiming({{{4}, {9}}})}).ok());
  EXPECT_TRUE(save({claiming({{{4}, {9}}})}).ok()) << "said again: the rows are gone, the position is there";
  EXPECT_EQ(open(kFirst).position, CommitPosition{10});
}

// A seek began a generation that is stored by now: what an earlier one says late would undo it.
TEST_F(SqliteOffsetStoreTest, ALateSaveOfAnEarlierGenerationIsPassedOver) {
  const auto epoch = open(kFirst).epoch;
  ASSERT_TRUE(save({{kFirst, {4}, {}, epoch, Generation{2}, true}}).ok());
  OffsetStore::Position late{kFirst, {1000}, {}, epoch, Generation{1}};
  late.recorded = {{{0}, {999}}};
  EXPECT_TRUE(save({late}).ok());
  EXPECT_EQ(open(kFirst).position, CommitPosition{4});
}

TEST_F(SqliteOffsetStoreTest, AnOlderEpochIsRefused) {
  const auto zombie = open(kFirst).epoch;
  const auto owner = open(kFirst).epoch;
  ASSERT_TRUE(save({{kFirst, {20}, {}, owner}}).ok());
  const auto late = save({{kFirst, {25}, {}, zombie}});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind(), Error::Kind::stale_member);
  EXPECT_EQ(open(kFirst).position, CommitPosition{20});
}

// As when a backup is put in its place; who went on with the old file would store where nobody looks.
TEST_F(SqliteOffsetStoreTest, AFileThatIsReplacedIsOpenedAnew) {
  const auto epoch = open(kFirst).epoch;
  ASSERT_TRUE(save({{kFirst, {7}, {}, epoch}}).ok());
  fs::remove(file());
  const auto late = save({{kFirst, {9}, {}, epoch}});
  EXPECT_FALSE(late.ok()) << "the new file knows nothing of that epoch";
  EXPECT_TRUE(fs::exists(file()));
  EXPECT_EQ(open(kFirst).epoch, 1U);
  EXPECT_TRUE(save({{kFirst, {11}, {}, 1}}).ok());
  store_ = new_store();
  EXPECT_EQ(open(kFirst).position, CommitPosition{11});
}

// As when the disk was full, or the file damaged: it works again once that is mended.
TEST_F(SqliteOffsetStoreTest, BehindAFailureItWorksAgain) {
  const auto epoch = open(kFirst).epoch;
  run("ALTER TABLE braid_positions RENAME TO away");
  EXPECT_THROW((void)save({{kFirst, {7}, {}, epoch}}), std::runtime_error);
  run("ALTER TABLE away RENAME TO braid_positions");
  EXPECT_TRUE(save({{kFirst, {7}, {}, epoch}}).ok());
  fs::resize_file(file(), 100);
  EXPECT_THROW((void)save({{kFirst, {9}, {}, epoch}}), std::runtime_error);
  fs::remove(file());
  EXPECT_EQ(open(kFirst).epoch, 1U);
}

TEST_F(SqliteOffsetStoreTest, StoresAllOrNothing) {
  const auto zombie = open(kFirst).epoch;
  (void)open(kFirst);
  const auto owner = open(kSecond).epoch;
  EXPECT_FALSE(save({{kSecond, {3}, {}, owner}, {kFirst, {5}, {}, zombie}}).ok());
  EXPECT_EQ(open(kSecond).position, std::nullopt);
}

TEST_F(SqliteOffsetStoreTest, WhatLiesBelowThePositionIsForgottenAndNothingElse) {
  const auto epoch = open(kFirst).epoch;
  run("INSERT INTO braid_done VALUES ('g', 'orders', 0, 1, 5, 0, 9), ('g', 'orders', 0, 1, 5, 12, 14), "
      "('g', 'orders', 0, 1, 5, 20, 29), ('g', 'orders', 1, 1, 5, 0, 9)");
  ASSERT_TRUE(save({{kFirst, {13}, {}, epoch, Generation{5}, false}}).ok());
  const auto done = open(kFirst).done;
  EXPECT_EQ(done, (std::vector<OffsetRange>{{{12}, {14}}, {{20}, {29}}}));
  EXPECT_EQ(open(kSecond).done.size(), 1U);
}

TEST_F(SqliteOffsetStoreTest, WhoBeginsElsewhereVoidsWhatOthersRecorded) {
  const auto epoch = open(kFirst).epoch;
  run("INSERT INTO braid_done VALUES ('g', 'orders', 0, 1, 5, 20, 29), ('g', 'orders', 0, 1, 6, 40, 49)");
  ASSERT_TRUE(save({{kFirst, {13}, {}, epoch, Generation{6}, true}}).ok());
  EXPECT_EQ(open(kFirst).done, (std::vector<OffsetRange>{{{40}, {49}}}));
}

// --- migrations

TEST_F(SqliteOffsetStoreTest, TablesOfTheFirstVersionAreBroughtUpToDateAndKeepTheirPositions) {
  run("CREATE TABLE braid_schema (version INTEGER NOT NULL); INSERT INTO braid_schema VALUES (1);"
      "CREATE TABLE braid_positions ("
      "  group_id TEXT NOT NULL, topic TEXT NOT NULL, \"partition\" INTEGER NOT NULL, epoch INTEGER NOT NULL,"
      "  position INTEGER, metadata TEXT NOT NULL DEFAULT '',"
      "  position_epoch INTEGER NOT NULL DEFAULT 0, position_generation INTEGER NOT NULL DEFAULT 0,"
      "  PRIMARY KEY (group_id, topic, \"partition\")) WITHOUT ROWID;"
      "INSERT INTO braid_positions VALUES ('g', 'orders', 0, 4, 77, '', 4, 1)");
  const auto stored = open(kFirst);
  EXPECT_EQ(stored.position, CommitPosition{77});
  EXPECT_EQ(stored.epoch, 5U);
  EXPECT_TRUE(stored.done.empty());
}

TEST_F(SqliteOffsetStoreTest, TablesOfANewerVersionAreLeftAlone) {
  run("CREATE TABLE braid_schema (version INTEGER NOT NULL); INSERT INTO braid_schema VALUES (1000)");
  try {
    (void)open(kFirst);
    FAIL() << "opened";
  } catch (const std::runtime_error& refused) {
    EXPECT_NE(std::string(refused.what()).find("version 1000"), std::string::npos) << refused.what();
  }
}

TEST_F(SqliteOffsetStoreTest, SeveralProcessesMayMakeTheTablesAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      SqliteOffsetStore store({.file = file(), .busy_timeout = 60s});
      EXPECT_TRUE(store.open("g", std::span(&kFirst, 1)).ok());
    });
  }
  threads.clear();
  EXPECT_EQ(open(kFirst).epoch, 5U);
}

// --- what can go wrong

TEST_F(SqliteOffsetStoreTest, ALockedFileIsAFailedCallAndTheNextOneSucceeds) {
  (void)open(kFirst);
  sqlite3* other = nullptr;
  sqlite3_open(file().c_str(), &other);
  sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  EXPECT_THROW((void)open(kFirst), std::runtime_error);
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_EQ(open(kFirst).epoch, 2U);
}

TEST_F(SqliteOffsetStoreTest, AFileThatCannotBeMadeIsNamed) {
  SqliteOffsetStore nowhere({.file = file() + "/not/here"});
  try {
    (void)nowhere.open("g", std::span(&kFirst, 1));
    FAIL() << "opened";
  } catch (const std::runtime_error& refused) {
    EXPECT_NE(std::string(refused.what()).find("results.db/not/here"), std::string::npos) << refused.what();
  }
}

TEST_F(SqliteOffsetStoreTest, NeedsAFile) {
  EXPECT_THROW(SqliteOffsetStore({.file = ":memory:"}), std::invalid_argument);
  EXPECT_THROW(SqliteOffsetStore({.file = ""}), std::invalid_argument);
}

}  // namespace
}  // namespace braid
