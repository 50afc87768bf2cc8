#pragma once

#include <pqxx/pqxx>
#include <string>

namespace braid::postgres {

// The version of the tables that this store needs.
int schema_version();
// `prefix`: goes before each table's name.
std::string migration_sql(const std::string& prefix, int from);
// Makes them, or brings them up to date if `creates`. Throws std::runtime_error where they are of another version
// then. Thread: the connection's; other processes may do the same at the same time.
void migrate(pqxx::connection& connection, const std::string& prefix, bool creates);

}  // namespace braid::postgres
