#include "schema.hpp"

#include "statement.hpp"

#include <array>
#include <stdexcept>
#include <string>

namespace braid::sqlite {

namespace {

// Each leads from one version to the next. What has been released is never changed, only added to.
constexpr std::array kSteps{
    // 1: where each partition is, and the epoch of who has it. position_epoch and position_generation say who has
    // stored the position; 0: nobody.
    R"(CREATE TABLE braid_positions (
         group_id TEXT NOT NULL, topic TEXT NOT NULL, "partition" INTEGER NOT NULL,
         epoch INTEGER NOT NULL,
         position INTEGER, metadata TEXT NOT NULL DEFAULT '',
         position_epoch INTEGER NOT NULL DEFAULT 0, position_generation INTEGER NOT NULL DEFAULT 0,
         PRIMARY KEY (group_id, topic, "partition")) WITHOUT ROWID)",
    // 2: what consumers' transactions have recorded to be done, from the position on.
    R"(CREATE TABLE braid_done (
         group_id TEXT NOT NULL, topic TEXT NOT NULL, "partition" INTEGER NOT NULL,
         epoch INTEGER NOT NULL, generation INTEGER NOT NULL,
         first_offset INTEGER NOT NULL, last_offset INTEGER NOT NULL,
         PRIMARY KEY (group_id, topic, "partition", epoch, generation, first_offset)) WITHOUT ROWID)",
};

}  // namespace

int schema_version() {
  return static_cast<int>(kSteps.size());
}

void migrate(sqlite3* db) {
  // Alone from the first look on: another process may be at it.
  Transaction transaction(db);
  execute(db, "CREATE TABLE IF NOT EXISTS braid_schema (version INTEGER NOT NULL)");
  std::int64_t version = 0;
  {
    Statement look(db, "SELECT version FROM braid_schema");
    if (look.step()) version = look.integer(0);
  }
  if (version > schema_version()) {
    throw std::runtime_error("the offset store's tables are of version " + std::to_string(version) +
                             ", and this program knows " + std::to_string(schema_version()) + "; run a newer one");
  }
  if (version == schema_version()) return;
  for (auto step = static_cast<std::size_t>(version); step < kSteps.size(); ++step) execute(db, kSteps[step]);
  execute(db, "DELETE FROM braid_schema");
  Statement(db, "INSERT INTO braid_schema VALUES (?)").bind(schema_version()).step();
  transaction.commit();
}

}  // namespace braid::sqlite
