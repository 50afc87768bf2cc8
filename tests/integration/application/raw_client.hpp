#pragma once

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

}  // namespace braid::integration
