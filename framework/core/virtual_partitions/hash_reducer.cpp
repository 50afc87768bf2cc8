#include "core/virtual_partitions/hash_reducer.hpp"

#include <array>
#include <charconv>

// Inlined into the loop below: for short keys the call would cost as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid::core {
namespace {

inline KeyId hash_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace

KeyId key_id(std::string_view bytes) {
  return hash_of(bytes);
}

KeyId key_id(const PartitionKey& key) {
  if (!key.is_number()) return hash_of(key.bytes());
  std::array<char, 20> digits;  // of the largest number
  const auto end = std::to_chars(digits.begin(), digits.end(), key.number()).ptr;
  return hash_of({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::uint32_t reduce_by_hash(std::string_view bytes, std::uint32_t max_partitions) {
  return static_cast<std::uint32_t>(hash_of(bytes) % max_partitions);
}

std::uint32_t reduce_by_hash(const PartitionKey& key, std::uint32_t max_partitions) {
  return static_cast<std::uint32_t>(key_id(key) % max_partitions);
}

void key_ids(std::span<const Message> messages, routing::NullKeys null_keys, std::span<KeyId> keys) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    keys[i] = message.has_key() ? hash_of(message.key()) : key_id_without_key(message.offset(), null_keys);
  }
}

void place_by_key_hash(std::span<const Message> messages, std::uint32_t max_partitions, routing::NullKeys null_keys,
                       std::span<std::uint32_t> indexes, std::span<KeyId> keys) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    if (message.has_key()) {
      keys[i] = hash_of(message.key());
      indexes[i] = static_cast<std::uint32_t>(keys[i] % max_partitions);
    } else {
      keys[i] = key_id_without_key(message.offset(), null_keys);
      indexes[i] = index_without_key(message.offset(), null_keys, max_partitions);
    }
  }
}

}  // namespace braid::core
