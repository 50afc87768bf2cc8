#pragma once

#include <braid/offset.hpp>

#include <cstdint>
#include <string_view>

namespace braid::core {

// The hash that Kafka's Java clients choose partitions by; the bytes and the seed are theirs.
[[nodiscard]] std::int32_t murmur2(std::string_view key);

// The partition where a Java client sends this key to, of a topic with so many partitions, at least 1.
[[nodiscard]] PartitionNumber java_partition(std::string_view key, std::int32_t partitions);

}  // namespace braid::core
