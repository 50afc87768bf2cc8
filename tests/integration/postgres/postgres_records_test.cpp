// What shares record in a real PostgreSQL, and who is kept out. Batches come from the engine, without Kafka.

#include "integration/postgres/postgres_fixture.hpp"
#include "unit/engine/listener/commit_world.hpp"

#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>

namespace braid::integration {
namespace {

using namespace std::chrono_literals;
using test_support::CommitWorld;

class PostgresRecords : public PostgresStore {
 protected:
  using Consume = std::function<void(pqxx::work&, Batch&)>;

  void SetUp() override {
    PostgresStore::SetUp();
    if (IsSkipped()) return;
    own = std::make_unique<pqxx::connection>(database);
  }
  // Batches of 4; each is a transaction: saved, its effects, then `within`, which may throw; then `behind`.
  void make(Consume within = {}, std::function<void(Batch&)> behind = {},
            std::optional<CommitPosition> begins_at = {}, std::uint32_t virtual_partitions = 1) {
    made_.emplace(routing::Commit{.when = routing::Commit::When::external}, routing::Flow::batch,
                  virtual_partitions, [&](routing::Topic& topic) {
                    topic.offset_store = store;
                    topic.virtual_partitions.by.kind = routing::PartitionBy::Kind::round_robin;
                  });
    world().world.script.consume = [this, within = std::move(within), behind = std::move(behind)](Batch& batch) {
      ++attempts;
      {
        pqxx::work tx(*own);
        store->save(tx, batch);
        for (const Message& message : batch) {
          tx.exec("INSERT INTO effects VALUES (" + std::to_string(message.offset().value) + ")");
        }
        if (within) within(tx, batch);
        tx.commit();
      }
      if (behind) behind(batch);
    };
    world().world.assignment->begin_in_store(
        {.store = &world().store, .epoch = open().epoch, .begins_at = begins_at});
  }
  void process(std::int64_t first, std::int64_t last) {
    world().deliver(first, last);
    run();
  }
  void run() {
    for (int i = 0; i < 10; ++i) {
      world().run();
      world().advance(100ms);
    }
  }
  // For a lock of the store's; or a minute has passed, and the test fails on what follows.
  void wait_until_somebody_waits() const {
    pqxx::connection watch(database);
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    for (bool waits = false; !waits && std::chrono::steady_clock::now() < deadline;) {
      pqxx::nontransaction look(watch);
      waits = !look.exec("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").empty();
    }
  }
  CommitWorld& world() { return *made_; }
  // Offsets that had an effect, each as often as it had one.
  [[nodiscard]] std::vector<std::int64_t> effects() {
    std::vector<std::int64_t> all;
    for (const auto& row : query("SELECT at FROM effects ORDER BY at")) all.push_back(row[0].as<std::int64_t>());
    return all;
  }
  std::unique_ptr<pqxx::connection> own;
  int attempts = 0;

 private:
  std::optional<CommitWorld> made_;
};

TEST_F(PostgresRecords, EffectsAndRangesAreStoredTogether) {
  make({}, {}, CommitPosition{0});
  process(0, 7);
  EXPECT_EQ(effects().size(), 8U);
  const auto stored = open();
  EXPECT_EQ(stored.done.size(), 2U);
  EXPECT_EQ(stored.position, CommitPosition{0});  // where it began, by the first share
}

TEST_F(PostgresRecords, WhatIsRolledBackIsNeither) {
  make([this](pqxx::work&, Batch&) {
    if (attempts == 1) throw std::runtime_error("not now");
  });
  world().deliver(0, 3);
  world().run();
  EXPECT_EQ(effects().size(), 0U);
  EXPECT_EQ(count("braid_done"), 0);
  run();
  EXPECT_EQ(effects(), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(attempts, 2);
}

TEST_F(PostgresRecords, WhatWasCommittedThoughNobodyKnewIsNotDoneAgain) {
  make({}, [this](Batch&) {
    if (attempts == 1) throw std::runtime_error("the connection was lost while the transaction was committed");
  });
  process(0, 3);
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(effects(), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(world().position(), 4);
}

// The commit is still under way, on a connection that is lost to its client: a second transaction of the same
// messages waits for what becomes of it.
TEST_F(PostgresRecords, ATransactionInDoubtIsWaitedFor) {
  std::unique_ptr<pqxx::connection> lost;
  std::unique_ptr<pqxx::work> under_way;
  std::future<void> ends;
  make([](pqxx::work&, Batch&) {});
  const auto usual = world().world.script.consume;
  world().world.script.consume = [&](Batch& batch) {
    if (under_way) return usual(batch);
    lost = std::move(own);
    own = std::make_unique<pqxx::connection>(database);
    under_way = std::make_unique<pqxx::work>(*lost);
    store->save(*under_way, batch);
    for (const Message& message : batch) {
      under_way->exec("INSERT INTO effects VALUES (" + std::to_string(message.offset().value) + ")");
    }
    ends = std::async(std::launch::async, [&] {
      wait_until_somebody_waits();
      under_way->commit();
    });
    throw std::runtime_error("the connection was lost while the transaction was committed");
  };
  process(0, 3);
  ends.get();
  run();
  EXPECT_EQ(effects(), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(world().position(), 4);
}

// Its snapshot is of before the other one's end, and would not see it.
TEST_F(PostgresRecords, ATransactionInDoubtIsSeenByOneWithAnOldSnapshot) {
  std::unique_ptr<pqxx::connection> lost;
  std::unique_ptr<pqxx::work> under_way;
  std::future<void> ends;
  make();
  world().world.script.consume = [&](Batch& batch) {
    const auto insert = [&](pqxx::transaction_base& tx) {
      for (const Message& message : batch) {
        tx.exec("INSERT INTO effects VALUES (" + std::to_string(message.offset().value) + ")");
      }
    };
    if (!under_way) {
      lost = std::make_unique<pqxx::connection>(database);
      under_way = std::make_unique<pqxx::work>(*lost);
      store->save(*under_way, batch);
      insert(*under_way);
      throw std::runtime_error("the connection was lost while the transaction was committed");
    }
    pqxx::transaction<pqxx::repeatable_read> tx(*own);
    insert(tx);
    if (!ends.valid()) {
      ends = std::async(std::launch::async, [&] {
        wait_until_somebody_waits();
        under_way->commit();
      });
    }
    store->save(tx, batch);
    tx.commit();
  };
  process(0, 3);
  ASSERT_TRUE(ends.valid());
  ends.get();
  run();
  EXPECT_EQ(effects(), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(world().position(), 4);
}

TEST_F(PostgresRecords, AnOlderEpochIsRefusedAndItsTransactionIsAborted) {
  make();
  (void)open(kFirst, *new_store());
  process(0, 3);
  EXPECT_GT(attempts, 1);
  EXPECT_EQ(effects().size(), 0U);
  EXPECT_EQ(world().position(), 0);
}

// Who catches the refusal can't commit what came before it.
TEST_F(PostgresRecords, ARefusedTransactionCannotBeCommitted) {
  make();
  (void)open(kFirst, *new_store());
  world().world.script.consume = [&](Batch& batch) {
    ++attempts;
    pqxx::work tx(*own);
    tx.exec("INSERT INTO effects VALUES (1)");
    EXPECT_THROW(store->save(tx, batch), StaleEpoch);
    EXPECT_THROW(tx.commit(), std::exception);
  };
  process(0, 3);
  EXPECT_GT(attempts, 1);
  EXPECT_EQ(effects().size(), 0U);
  EXPECT_EQ(world().position(), 0);
}

// Under a snapshot that was taken before another member opened the partition the old epoch can still be read.
TEST_F(PostgresRecords, AnOldSnapshotDoesNotGetPastTheEpoch) {
  make();
  world().world.script.consume = [&](Batch& batch) {
    if (++attempts > 1) return;
    pqxx::transaction<pqxx::repeatable_read> tx(*own);
    tx.exec("INSERT INTO effects VALUES (1)");
    (void)open(kFirst, *new_store());
    EXPECT_THROW(store->save(tx, batch), std::exception);
  };
  process(0, 3);
  EXPECT_EQ(effects().size(), 0U);
}

TEST_F(PostgresRecords, OpeningWaitsForTransactionsOfSharesAndTellsWhatTheyRecorded) {
  make();
  std::future<OffsetStore::Stored> opened;
  world().world.script.consume = [&](Batch& batch) {
    pqxx::work tx(*own);
    store->save(tx, batch);
    opened = std::async(std::launch::async,
                        [&] { return open(kFirst, *new_store({.connection = {}, .lock_wait = 1min})); });
    wait_until_somebody_waits();
    tx.commit();
  };
  world().deliver(0, 3);
  world().run();
  const auto stored = opened.get();
  EXPECT_EQ(stored.epoch, 2U);
  EXPECT_EQ(stored.done, Ranges{range(0, 3)});
}

// A partition that can't be opened yet keeps no other one waiting.
TEST_F(PostgresRecords, APartitionInATransactionIsLeftToBeAskedForAgain) {
  make();
  const auto hasty = new_store({.connection = {}, .lock_wait = 50ms});
  world().world.script.consume = [&](Batch& batch) {
    pqxx::work tx(*own);
    store->save(tx, batch);
    const auto opened = hasty->open("group", std::vector{kFirst, kSecond});
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened.value()[0].epoch, 0U);
    EXPECT_EQ(opened.value()[1].epoch, 1U);
    EXPECT_FALSE(hasty->open("group", std::span(&kFirst, 1)).ok());
    tx.commit();
  };
  world().deliver(0, 3);
  world().run();
  EXPECT_EQ(open(kFirst, *hasty).epoch, 2U);
}

// Its process is stopped in the middle: nobody could open the partition any more.
TEST_F(PostgresRecords, ATransactionThatStandsStillIsEndedByTheServer) {
  store = new_store({.connection = {}, .idle_limit = 200ms});
  make();
  std::uint64_t epoch = 0;
  world().world.script.consume = [&](Batch& batch) {
    if (++attempts > 1) return;
    pqxx::work tx(*own);
    store->save(tx, batch);
    tx.exec("INSERT INTO effects VALUES (1)");
    epoch = open(kFirst, *new_store({.connection = {}, .lock_wait = 30s})).epoch;
    EXPECT_THROW(tx.commit(), std::exception);
  };
  world().deliver(0, 3);
  world().run();
  EXPECT_EQ(epoch, 2U);
  EXPECT_EQ(effects().size(), 0U);
}

// Shares whose transactions overlap all the time would keep whoever opens the partition waiting for ever.
TEST_F(PostgresRecords, WhoComesBehindOpenWaitsForIt) {
  make({}, {}, {}, 2);
  std::jthread opener;
  bool refused = false;
  world().world.script.consume = [&](Batch& batch) {
    if (batch.virtual_partition().index().value == 1) {
      pqxx::connection other(database);
      pqxx::work next(other);
      next.exec("SET LOCAL lock_timeout = 50");
      EXPECT_THROW(store->save(next, batch), pqxx::sql_error);
      refused = true;
      return;
    }
    pqxx::work tx(*own);
    store->save(tx, batch);
    opener = std::jthread([&] { (void)open(kFirst, *new_store({.connection = {}, .lock_wait = 1min})); });
    wait_until_somebody_waits();
    world().pool->run_one();  // the other share, within this one
    tx.commit();
  };
  world().deliver(0, 3);
  world().run();
  opener.join();
  EXPECT_TRUE(refused);
  EXPECT_EQ(open().epoch, 3U);
}

TEST_F(PostgresRecords, PositionsAreStoredWhileSharesAreInTransactions) {
  make();
  world().world.script.consume = [&](Batch& batch) {
    pqxx::work tx(*own);
    store->save(tx, batch);
    EXPECT_TRUE(save({{kFirst, {0}, {}, 1, world().world.assignment->generation(), false}}).ok());
    tx.commit();
  };
  world().deliver(0, 3);
  world().run();
  EXPECT_EQ(open().position, CommitPosition{0});
}

}  // namespace
}  // namespace braid::integration
