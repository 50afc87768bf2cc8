#pragma once

#include "core/virtual_partitions/key_id.hpp"

#include <braid/message.hpp>
#include <braid/routing/partition_key.hpp>
#include <braid/routing/routes.hpp>

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

// Where a message without a key goes: by its offset any virtual partition would do, and this one is spread and
// repeatable.
[[nodiscard]] constexpr std::uint32_t index_without_key(Offset offset, routing::NullKeys null_keys,
                                                        std::uint32_t max_partitions) {
  const std::uint64_t id =
      null_keys == routing::NullKeys::together ? kTogetherKey : static_cast<std::uint64_t>(offset.value);
  return static_cast<std::uint32_t>(id % max_partitions);
}

// The ids of the messages' own keys, for a batch.
void key_ids(std::span<const Message> messages, routing::NullKeys null_keys, std::span<KeyId> keys);

// By message key and hash, for a batch: the way almost all messages go, so it is one loop without a call.
void place_by_key_hash(std::span<const Message> messages, std::uint32_t max_partitions, routing::NullKeys null_keys,
                       std::span<std::uint32_t> indexes, std::span<KeyId> keys);

}  // namespace braid::core
