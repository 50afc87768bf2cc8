#pragma once

#include "integration/faults/judge.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace braid::faults {

// What a record of Kafka's own topic `__consumer_offsets` says.
struct OffsetRecord {
  std::string group;
  std::string topic;
  StoredCommit commit;
};

// Nothing for records that are no commit: group metadata, tombstones, versions that we don't know. Pure.
[[nodiscard]] std::optional<OffsetRecord> parse_offset_record(std::span<const char> key,
                                                              std::span<const char> value);

// All commits of the group for the topic that have been stored by now, of each partition in their order: from
// `__consumer_offsets`, whose records are there when a commit has been acknowledged, and before. Blocks; throws
// std::runtime_error after 30 s. Thread: any.
[[nodiscard]] std::vector<StoredCommit> read_stored_commits(const std::string& bootstrap, const std::string& group,
                                                            const std::string& topic);

}  // namespace braid::faults
