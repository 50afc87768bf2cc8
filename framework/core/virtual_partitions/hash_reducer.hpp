#pragma once

#include <braid/message.hpp>
#include <braid/routing/partition_key.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace braid::core {

// The default reducer. It decides in which virtual partition a key lives, and with it which messages wait for
// which: the same in every process and version, so that what was logged or parked by index stays true. Thread: any.

// XXH3, 64 bits, modulo. Requires max_partitions >= 1.
[[nodiscard]] std::uint32_t reduce_by_hash(std::string_view bytes, std::uint32_t max_partitions);
// A number is taken in its decimal text. Requires a key that is not empty().
[[nodiscard]] std::uint32_t reduce_by_hash(const PartitionKey& key, std::uint32_t max_partitions);

// Where messages without a key go: any virtual partition would do, and this one is spread and repeatable.
[[nodiscard]] inline std::uint32_t index_without_key(Offset offset, std::uint32_t max_partitions) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(offset.value) % max_partitions);
}

// By message key and hash, for a batch: the way almost all messages go, so it is one loop without a call.
void assign_by_key_hash(std::span<const Message> messages, std::uint32_t max_partitions,
                        std::span<std::uint32_t> out);

}  // namespace braid::core
