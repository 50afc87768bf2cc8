// The offset store in a real PostgreSQL: epochs, positions, tables.

#include "integration/postgres/postgres_fixture.hpp"

#include <stdexcept>
#include <thread>
#include <utility>

namespace braid::integration {
namespace {

TEST_F(PostgresStore, GivesBackWhatWasSavedToTheNextProcessToo) {
  const auto epoch = open().epoch;
  EXPECT_EQ(epoch, 1U);
  ASSERT_TRUE(save({{kFirst, {7}, "it's \\ metadata", epoch}}).ok());
  store = new_store();
  const auto opened = store->open("group", std::vector{kSecond, kFirst}).value();
  EXPECT_EQ(opened[0].position, std::nullopt);
  EXPECT_EQ(opened[1].position, CommitPosition{7});
  EXPECT_EQ(opened[1].metadata, "it's \\ metadata");
  EXPECT_EQ(opened[1].epoch, 2U);
  EXPECT_EQ(store->open("o'ther", std::span(&kFirst, 1)).value().front().position, std::nullopt);
}

TEST_F(PostgresStore, AnOlderEpochIsRefusedAndAllOrNothingIsStored) {
  const auto zombie = open().epoch;
  const auto owner = open().epoch;
  const auto second = open(kSecond).epoch;
  const auto late = save({{kSecond, {3}, {}, second}, {kFirst, {5}, {}, zombie}});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().kind(), Error::Kind::stale_member);
  EXPECT_EQ(open(kSecond).position, std::nullopt);
  EXPECT_TRUE(save({{kFirst, {20}, {}, owner}}).ok());
  EXPECT_EQ(open().position, CommitPosition{20});
}

TEST_F(PostgresStore, WhatLiesBelowThePositionIsForgottenAndNothingElse) {
  const auto epoch = open().epoch;
  (void)query(
      "INSERT INTO braid_done VALUES ('group', 'events', 0, 1, 5, 0, 9, '{[0,10)}'), "
      "('group', 'events', 0, 1, 5, 10, 14, '{[10,11),[12,15)}'), "
      "('group', 'events', 1, 1, 5, 0, 9, '{[0,10)}')");
  ASSERT_TRUE(save({{kFirst, {13}, {}, epoch, Generation{5}, false}}).ok());
  EXPECT_EQ(open().done, (Ranges{range(10, 10), range(12, 14)}));
  EXPECT_EQ(open(kSecond).done, Ranges{range(0, 9)});
}

// What a transaction was to record of this epoch and generation: rows of others are none of it.
TEST_F(PostgresStore, ATransactionThatWasNotCommittedKeepsThePositionBack) {
  const auto epoch = open().epoch;
  const auto claiming = [&](Ranges recorded) {
    OffsetStore::Position position{kFirst, {10}, "gaps", epoch, Generation{5}};
    position.recorded = std::move(recorded);
    return position;
  };
  (void)query(
      "INSERT INTO braid_done VALUES ('group', 'events', 0, 1, 5, 4, 9, '{[4,6),[7,10)}'), "
      "('group', 'events', 0, 1, 5, 6, 6, '{[6,7)}'), ('group', 'events', 0, 1, 4, 0, 3, '{[0,4)}'), "
      "('group', 'events', 1, 1, 5, 0, 3, '{[0,4)}')");
  const auto refused = save({claiming({range(0, 0), range(2, 9)})});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind(), Error::Kind::not_committed);
  EXPECT_EQ(refused.error().text().rfind("events/0: offsets 0 to 0 were recorded by save()", 0), 0U)
      << refused.error().text();
  EXPECT_EQ(count("braid_positions"), 0);
  EXPECT_TRUE(save({claiming({range(4, 9)})}).ok());
  EXPECT_TRUE(save({claiming({range(4, 5), range(8, 9)})}).ok()) << "the rows are gone, the position is there";
  EXPECT_EQ(open().position, CommitPosition{10});
}

// A seek began a generation that is stored by now: what an earlier one says late would undo it.
TEST_F(PostgresStore, ALateSaveOfAnEarlierGenerationIsPassedOver) {
  const auto epoch = open().epoch;
  ASSERT_TRUE(save({{kFirst, {4}, {}, epoch, Generation{2}, true}}).ok());
  OffsetStore::Position late{kFirst, {1000}, {}, epoch, Generation{1}};
  late.recorded = {range(0, 999)};
  EXPECT_TRUE(save({late}).ok());
  EXPECT_EQ(open().position, CommitPosition{4});
}

TEST_F(PostgresStore, WhoBeginsElsewhereVoidsWhatOthersRecorded) {
  const auto epoch = open().epoch;
  (void)query(
      "INSERT INTO braid_done VALUES ('group', 'events', 0, 1, 5, 20, 29, '{[20,30)}'), "
      "('group', 'events', 0, 1, 6, 40, 49, '{[40,50)}')");
  ASSERT_TRUE(save({{kFirst, {13}, {}, epoch, Generation{6}, true}}).ok());
  EXPECT_EQ(open().done, Ranges{range(40, 49)});
}

TEST_F(PostgresStore, AnInterruptedConnectionIsMadeAnew) {
  const auto epoch = open().epoch;
  (void)query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  EXPECT_THROW((void)save({{kFirst, {7}, {}, epoch}}), std::exception);
  EXPECT_TRUE(save({{kFirst, {7}, {}, epoch}}).ok());
}

TEST(PostgresStoreSettings, AConnectionThatCantBeReadIsRefusedAndNoneOfItIsShown) {
  for (const std::string connection :
       {"host=db password=hunter 2", "postgresql://braid:hunter%2@db/orders", "hunter2"}) {
    try {
      const PostgresOffsetStore store({.connection = connection});
      ADD_FAILURE() << connection;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(std::string(error.what()).find("hunter"), std::string::npos) << error.what();
    }
  }
}

// --- migrations

TEST_F(PostgresStore, TablesOfTheFirstVersionAreBroughtUpToDateAndKeepTheirPositions) {
  (void)open();
  (void)query(
      "UPDATE braid_epochs SET epoch = 4; DROP TABLE braid_done; UPDATE braid_schema SET version = 1; "
      "INSERT INTO braid_positions VALUES ('group', 'events', 0, 77, '', 4, 1)");
  store = new_store();
  const auto stored = open();
  EXPECT_EQ(stored.position, CommitPosition{77});
  EXPECT_EQ(stored.epoch, 5U);
  EXPECT_EQ(query("SELECT version FROM braid_schema")[0][0].as<int>(), PostgresOffsetStore::schema_version());
  EXPECT_EQ(count("braid_done"), 0);
}

TEST_F(PostgresStore, TablesOfANewerVersionAreLeftAlone) {
  (void)open();
  (void)query("UPDATE braid_schema SET version = 1000");
  store = new_store();
  EXPECT_THROW((void)open(), std::runtime_error);
}

TEST_F(PostgresStore, SeveralProcessesMayMakeTheTablesAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([this] { EXPECT_TRUE(new_store()->open("group", std::span(&kFirst, 1)).ok()); });
  }
  threads.clear();
  EXPECT_EQ(open().epoch, 6U);
}

TEST_F(PostgresStore, WhoMayNotMakeTablesGetsThemMade) {
  (void)query("CREATE SCHEMA \"other place\"");
  store = new_store({.connection = {}, .schema = "other place", .creates_tables = false});
  EXPECT_THROW((void)open(), std::runtime_error);
  (void)query(PostgresOffsetStore::migration_sql("other place"));
  EXPECT_EQ(open().epoch, 1U);
  EXPECT_EQ(count("\"other place\".braid_epochs"), 1);
}

}  // namespace
}  // namespace braid::integration
