#include "core/virtual_partitions/hash_reducer.hpp"

#include <array>
#include <charconv>

// Inlined into the loop below: for short keys the call would cost as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace braid::core {
namespace {

inline std::uint32_t index_of(std::string_view bytes, std::uint32_t max_partitions) {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()) % max_partitions);
}

}  // namespace

std::uint32_t reduce_by_hash(std::string_view bytes, std::uint32_t max_partitions) {
  return index_of(bytes, max_partitions);
}

std::uint32_t reduce_by_hash(const PartitionKey& key, std::uint32_t max_partitions) {
  if (!key.is_number()) return index_of(key.bytes(), max_partitions);
  std::array<char, 20> digits;  // of the largest number
  const auto end = std::to_chars(digits.begin(), digits.end(), key.number()).ptr;
  return index_of({digits.data(), static_cast<std::size_t>(end - digits.data())}, max_partitions);
}

void assign_by_key_hash(std::span<const Message> messages, std::uint32_t max_partitions,
                        std::span<std::uint32_t> out) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    out[i] = message.has_key() ? index_of(message.key(), max_partitions)
                               : index_without_key(message.offset(), max_partitions);
  }
}

}  // namespace braid::core
