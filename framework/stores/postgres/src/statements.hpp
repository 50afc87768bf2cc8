#pragma once

#include <braid/batch_record.hpp>
#include <braid/offset.hpp>
#include <braid/offset_store.hpp>

#include <cstdint>
#include <pqxx/pqxx>
#include <span>
#include <string>
#include <vector>

// The SQL of the offset store. Values are quoted into it, so that several statements go in one round trip. Thread:
// as the transaction says.

namespace braid::postgres {

// One partition of a group, in the words of SQL.
struct Place {
  Place(const pqxx::transaction_base& tx, const std::string& prefix, const std::string& group,
        const OffsetStore::Partition& partition);
  std::string prefix;  // goes before tables' names
  std::string values;  // group, topic, partition
  std::string where;   // " WHERE it is this one"
  std::string lock;    // the advisory lock that shares hold beside each other, and open() alone
};

// "{[5,8),[9,10)}"
[[nodiscard]] std::string multirange(std::span<const OffsetRange> ranges);
// Of rows of two numbers, the second one exclusive.
[[nodiscard]] std::vector<OffsetRange> ranges_of(const pqxx::result& rows);

// Waits for all transactions that hold the lock beside each other, and keeps new ones away.
[[nodiscard]] std::string lock_alone(const Place& place);
[[nodiscard]] std::string lock_beside_others(const Place& place);
// One row: the new epoch.
[[nodiscard]] std::string raise_epoch(const Place& place);
// Locks it to the transaction's end; no row: it is another one by now.
[[nodiscard]] std::string hold_epoch(const Place& place, std::uint64_t epoch);
[[nodiscard]] std::string select_position(const Place& place);
[[nodiscard]] std::string select_done(const Place& place);

// The listener moves the position, and what lies below is forgotten.
[[nodiscard]] std::string save_position(const Place& place, const std::string& quoted_metadata,
                                        const OffsetStore::Position& to);

// A row: a later generation of the same epoch has stored where it is.
[[nodiscard]] std::string select_later(const Place& place, const OffsetStore::Position& than);
// What of a position's `recorded` is neither recorded by its epoch and generation nor below what these have stored.
[[nodiscard]] std::string select_missing(const Place& place, const OffsetStore::Position& of);

// A share's. What of it this epoch and generation has recorded:
[[nodiscard]] std::string select_recorded(const Place& place, const BatchRecord& record);
// It began elsewhere than where the store was: nothing, once that is stored.
[[nodiscard]] std::string begin_where_it_began(const Place& place, const BatchRecord& record);
// No row changed: the epoch is another one by now.
[[nodiscard]] std::string insert_done(const Place& place, const BatchRecord& record);

}  // namespace braid::postgres
