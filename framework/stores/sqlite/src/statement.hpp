#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace braid::sqlite {

// A prepared statement for one use, or for several with reset(). What SQLite refuses is thrown as
// std::runtime_error. Thread: its connection's.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The next parameter, from the first one on.
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view value);  // must live until the statement has run
  // False: there is no further row.
  bool step();
  // To be bound and run once more.
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe(int column) const;  // nothing: NULL
  [[nodiscard]] std::string text(int column) const;

 private:
  void check(int code) const;

  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// Runs statements without parameters or rows.
void execute(sqlite3* db, const char* sql);

// Rolled back unless it was committed. Thread: its connection's.
class Transaction {
 public:
  explicit Transaction(sqlite3* db) : db_(db) { execute(db, "BEGIN IMMEDIATE"); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  sqlite3* db_;
  bool over_ = false;
};

}  // namespace braid::sqlite
