#pragma once

#include <braid/offset.hpp>
#include <braid/routing/partition_key.hpp>
#include <braid/routing/routes.hpp>

#include <cstdint>
#include <string_view>

namespace braid::core {

// What a placement knows a message's key by: equal keys have equal ones; different keys almost never do, and then
// only share a virtual partition for a while. The same in every process and version. Thread: any.
using KeyId = std::uint64_t;

// The 64 bits of XXH3.
[[nodiscard]] KeyId key_id(std::string_view bytes);
// A number is taken in its decimal text, so that the number 5 and the text "5" meet, wherever they come from.
// Requires a key that is not empty().
[[nodiscard]] KeyId key_id(const PartitionKey& key);

// Of all messages without a key, where they go together. A key's hash may be the same by chance, which does no
// harm.
inline constexpr KeyId kTogetherKey = 0x9E3779B97F4A7C15;
// Of messages whose partitioner threw: they go to virtual partition 0. By chance a key's, too, and that goes along.
inline constexpr KeyId kBrokenKey = 0xD1B54A32D192ED03;

// Of a message without a key.
[[nodiscard]] constexpr KeyId key_id_without_key(Offset offset, routing::NullKeys null_keys) {
  if (null_keys == routing::NullKeys::together) return kTogetherKey;
  // SplitMix64's last steps: as mixed as a hash, whatever an id is used for.
  auto mixed = static_cast<std::uint64_t>(offset.value);
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

}  // namespace braid::core
