#include "statements.hpp"

#include <fmt/format.h>

namespace braid::postgres {

namespace {

// Recorded by others than this epoch's generation.
std::string delete_others(const Place& place, std::uint64_t epoch, Generation generation) {
  return fmt::format("DELETE FROM {}braid_done{} AND (epoch, generation) <> ({}, {});", place.prefix, place.where,
                     epoch, generation.value);
}

}  // namespace

Place::Place(const pqxx::transaction_base& tx, const std::string& of_tables, const std::string& group,
             const OffsetStore::Partition& partition)
    : prefix(of_tables) {
  const std::string quoted_group = tx.quote(group);
  const std::string quoted_topic = tx.quote(partition.topic);
  values = fmt::format("{}, {}, {}", quoted_group, quoted_topic, partition.number.value);
  where = fmt::format(R"( WHERE group_id = {} AND topic = {} AND "partition" = {})", quoted_group, quoted_topic,
                      partition.number.value);
  // Two places with the same number only wait for each other in vain.
  lock = fmt::format("hashtextextended({}, 0)",
                     tx.quote(fmt::format("braid {} {} {}", group, partition.topic, partition.number.value)));
}

std::string multirange(std::span<const OffsetRange> ranges) {
  std::string text = "{";
  for (const OffsetRange range : ranges) {
    fmt::format_to(std::back_inserter(text), "{}[{},{})", text.size() > 1 ? "," : "", range.first.value,
                   range.last.value + 1);
  }
  return text + "}";
}

std::vector<OffsetRange> ranges_of(const pqxx::result& rows) {
  std::vector<OffsetRange> ranges;
  for (const auto& row : rows) {
    ranges.push_back({{row[0].as<std::int64_t>()}, {row[1].as<std::int64_t>() - 1}});
  }
  return ranges;
}

// Advisory locks and not rows alone, since they are given out in the order in which they were asked for: shares
// whose transactions overlap would keep open() waiting for ever.
std::string lock_alone(const Place& place) {
  return fmt::format("SELECT pg_advisory_xact_lock({});", place.lock);
}
std::string lock_beside_others(const Place& place) {
  return fmt::format("SELECT pg_advisory_xact_lock_shared({});", place.lock);
}

std::string raise_epoch(const Place& place) {
  return fmt::format(
      R"(INSERT INTO {0}braid_epochs AS old (group_id, topic, "partition", epoch) VALUES ({1}, 1) )"
      R"(ON CONFLICT (group_id, topic, "partition") DO UPDATE SET epoch = old.epoch + 1 RETURNING epoch)",
      place.prefix, place.values);
}

// The row's lock besides the advisory one: under an isolation level that goes on seeing what was when the
// transaction began, it is this that fails if the epoch has been raised since.
std::string hold_epoch(const Place& place, std::uint64_t epoch) {
  return fmt::format("SELECT epoch FROM {}braid_epochs{} AND epoch = {} FOR SHARE", place.prefix, place.where,
                     epoch);
}

std::string select_position(const Place& place) {
  return fmt::format("SELECT position, metadata FROM {}braid_positions{}", place.prefix, place.where);
}

std::string select_done(const Place& place) {
  return fmt::format("SELECT lower(r), upper(r) FROM {}braid_done, unnest(offsets) AS r{}", place.prefix,
                     place.where);
}

std::string save_position(const Place& place, const std::string& quoted_metadata, const OffsetStore::Position& to) {
  std::string sql = fmt::format(
      "INSERT INTO {}braid_positions VALUES ({}, {}, {}, {}, {}) "
      "ON CONFLICT (group_id, topic, \"partition\") DO UPDATE SET position = EXCLUDED.position, "
      "metadata = EXCLUDED.metadata, epoch = EXCLUDED.epoch, generation = EXCLUDED.generation;",
      place.prefix, place.values, to.position.value, quoted_metadata, to.epoch, to.generation.value);
  if (to.anew) sql += delete_others(place, to.epoch, to.generation);
  return sql + fmt::format("DELETE FROM {}braid_done{} AND last_offset < {}", place.prefix, place.where,
                           to.position.value);
}

std::string select_recorded(const Place& place, const BatchRecord& record) {
  return fmt::format(
      "SELECT lower(r), upper(r) FROM {}braid_done, unnest(offsets) AS r{} AND epoch = {} AND generation = {} "
      "AND offsets && '{}'::int8multirange",
      place.prefix, place.where, record.epoch(), record.generation().value, multirange(record.done()));
}

std::string select_later(const Place& place, const OffsetStore::Position& than) {
  return fmt::format("SELECT 1 FROM {}braid_positions{} AND epoch = {} AND generation > {}", place.prefix,
                     place.where, than.epoch, than.generation.value);
}

std::string select_missing(const Place& place, const OffsetStore::Position& of) {
  const std::string term =
      fmt::format("{} AND epoch = {} AND generation = {}", place.where, of.epoch, of.generation.value);
  return fmt::format(
      "SELECT lower(m), upper(m) FROM unnest('{0}'::int8multirange - (SELECT coalesce(range_agg(r), '{{}}') FROM ("
      "SELECT unnest(offsets) AS r FROM {1}braid_done{2} UNION ALL "
      "SELECT int8range(NULL, position) FROM {1}braid_positions{2}) AS there)) AS m",
      multirange(of.recorded), place.prefix, term);
}

std::string begin_where_it_began(const Place& place, const BatchRecord& record) {
  const std::uint64_t epoch = record.epoch();
  const Generation generation = record.generation();
  // Looked at first: the row is locked only by the first share, and all the time until its transaction ends.
  return fmt::format(
             "INSERT INTO {0}braid_positions AS old SELECT {1}, {2}, '', {3}, {4} WHERE NOT EXISTS "
             "(SELECT 1 FROM {0}braid_positions{5} AND epoch = {3} AND generation = {4}) "
             "ON CONFLICT (group_id, topic, \"partition\") DO UPDATE SET position = EXCLUDED.position, "
             "metadata = '', epoch = EXCLUDED.epoch, generation = EXCLUDED.generation "
             "WHERE (old.epoch, old.generation) <> (EXCLUDED.epoch, EXCLUDED.generation);",
             place.prefix, place.values, record.begins_at()->value, epoch, generation.value, place.where) +
         delete_others(place, epoch, generation);
}

std::string insert_done(const Place& place, const BatchRecord& record) {
  const auto done = record.done();
  return fmt::format(
      "INSERT INTO {0}braid_done SELECT group_id, topic, \"partition\", epoch, {1}, {2}, {3}, '{4}' "
      "FROM {0}braid_epochs{5} AND epoch = {6} FOR SHARE",
      place.prefix, record.generation().value, done.front().first.value, done.back().last.value, multirange(done),
      place.where, record.epoch());
}

}  // namespace braid::postgres
