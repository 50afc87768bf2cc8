#include "core/producer/murmur2.hpp"

namespace braid::core {

namespace {

// Of a byte: chars may be signed.
std::uint32_t byte_at(std::string_view key, std::size_t index) {
  return static_cast<unsigned char>(key[index]);
}

}  // namespace

std::int32_t murmur2(std::string_view key) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMix = 0x5bd1e995;
  constexpr int kShift = 24;
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(key.size());
  std::size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    std::uint32_t word =
        byte_at(key, at) | byte_at(key, at + 1) << 8 | byte_at(key, at + 2) << 16 | byte_at(key, at + 3) << 24;
    word *= kMix;
    word ^= word >> kShift;
    word *= kMix;
    hash = hash * kMix ^ word;
  }
  const std::size_t left = key.size() - at;
  if (left >= 3) hash ^= byte_at(key, at + 2) << 16;
  if (left >= 2) hash ^= byte_at(key, at + 1) << 8;
  if (left >= 1) hash = (hash ^ byte_at(key, at)) * kMix;
  hash ^= hash >> 13;
  hash *= kMix;
  hash ^= hash >> 15;
  return static_cast<std::int32_t>(hash);
}

PartitionNumber java_partition(std::string_view key, std::int32_t partitions) {
  return PartitionNumber{(murmur2(key) & 0x7fffffff) % partitions};
}

}  // namespace braid::core
