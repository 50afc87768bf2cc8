#pragma once

#include "integration/postgres/postgres_server.hpp"

#include <braid/postgres_offset_store.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <pqxx/pqxx>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace braid::integration {

using Ranges = std::vector<OffsetRange>;

inline const OffsetStore::Partition kFirst{"events", {0}};
inline const OffsetStore::Partition kSecond{"events", {1}};

inline OffsetRange range(std::int64_t first, std::int64_t last) {
  return {{first}, {last}};
}

// A database of its own in a real server, with a table of effects; skipped where there is no server.
class PostgresStore : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = PostgresServer::missing()) GTEST_SKIP() << *reason;
    database = PostgresServer::shared().make_database();
    store = new_store();
    pqxx::connection connection(database);
    pqxx::nontransaction(connection).exec("CREATE TABLE effects (at bigint NOT NULL)");
  }
  [[nodiscard]] std::shared_ptr<PostgresOffsetStore> new_store(PostgresOffsetStore::Settings settings = {
                                                                   .connection = {}}) const {
    settings.connection = database;
    return std::make_shared<PostgresOffsetStore>(std::move(settings));
  }
  OffsetStore::Stored open(const OffsetStore::Partition& partition, OffsetStore& of) {
    return of.open("group", std::span(&partition, 1)).value().front();
  }
  OffsetStore::Stored open(const OffsetStore::Partition& partition = kFirst) { return open(partition, *store); }
  Result<void> save(std::vector<OffsetStore::Position> positions) { return store->save("group", positions); }
  pqxx::result query(const std::string& sql) {
    pqxx::connection connection(database);
    pqxx::nontransaction tx(connection);
    return tx.exec(sql);
  }
  [[nodiscard]] std::int64_t count(const std::string& from) {
    return query("SELECT count(*) FROM " + from)[0][0].as<std::int64_t>();
  }

  std::string database;
  std::shared_ptr<PostgresOffsetStore> store;
};

}  // namespace braid::integration
