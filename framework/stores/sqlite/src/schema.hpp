#pragma once

struct sqlite3;

namespace braid::sqlite {

// The version of the tables that this store needs.
int schema_version();
// Makes them, or brings them up to date. Throws std::runtime_error where they are of a newer version. Thread: the
// connection's; others may do the same at the same time.
void migrate(sqlite3* db);

}  // namespace braid::sqlite
