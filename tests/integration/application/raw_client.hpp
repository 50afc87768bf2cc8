#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace braid::integration {

// What tests do to a topic that Braid does not do itself. Each throws std::runtime_error with Kafka's reason.

// One transaction of these payloads to partition 0, keyed "k"; committed or aborted.
void produce_transaction(const std::string& bootstrap, const std::string& topic,
                         const std::vector<std::string>& payloads, bool commit);
// Deletes what lies before the offset, in partition 0.
void delete_records_before(const std::string& bootstrap, const std::string& topic, std::int64_t offset);
// Commits a position of partition 0 for a group that has no members.
void commit_position(const std::string& bootstrap, const std::string& group, const std::string& topic,
                     std::int64_t position);

// Messages of partition 0 that say themselves when they were made; keyed "k".
void produce_at(const std::string& bootstrap, const std::string& topic, const std::vector<std::string>& payloads,
                std::chrono::system_clock::time_point made);
// The topic has so many partitions from now on, more than before.
void grow_topic(const std::string& bootstrap, const std::string& topic, int partitions);

// Access lists, of a cluster that has an authorizer. Who asks must be allowed to.
enum class Resource { topic, group };
// Allows a user to read it.
void allow_reading(const std::string& bootstrap, const std::string& user, Resource kind, const std::string& name);
// Takes back what was allowed.
void forbid_reading(const std::string& bootstrap, const std::string& user, Resource kind, const std::string& name);

// The payloads of all committed records of a topic, up to the last one that is stable now, in no order over
// partitions.
std::vector<std::string> read_committed(const std::string& bootstrap, const std::string& topic, int partitions);
// How many records the topic has in all, those of transactions that were given up, or are open, among them.
std::size_t count_written(const std::string& bootstrap, const std::string& topic, int partitions);

}  // namespace braid::integration
