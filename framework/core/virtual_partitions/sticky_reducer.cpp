#include "core/virtual_partitions/sticky_reducer.hpp"

#include "core/assert.hpp"

#include <algorithm>

namespace braid::core {
namespace {

// A peak long past is not to be paid for ever, but a table that every batch fills and empties must not be made anew
// each time: so often nothing was in flight before the size is looked at, by the most there was meanwhile.
constexpr std::uint32_t kRests = 64;
constexpr std::size_t kKeysKept = 1024;
constexpr std::size_t kShrinkFrom = 4;  // times what was needed

}  // namespace

void StickyReducer::place(std::span<const KeyId> keys, std::span<std::uint32_t> indexes) {
  for (std::size_t i = 0; i < keys.size(); ++i) indexes[i] = place(keys[i]);
}

std::uint32_t StickyReducer::place(KeyId key) {
  KeyTable::Entry& entry = keys_.find_or_add(key);
  if (entry.count == 0) entry.value = loads_.least();
  return count_in(entry);
}

std::uint32_t StickyReducer::place_first(KeyId key) {
  KeyTable::Entry& entry = keys_.find_or_add(key);
  if (entry.count == 0) entry.value = 0;
  return count_in(entry);
}

std::uint32_t StickyReducer::count_in(KeyTable::Entry& entry) {
  ++entry.count;
  loads_.raise(entry.value);
  most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
  return entry.value;
}

void StickyReducer::release(KeyId key, std::uint32_t index) {
  KeyTable::Entry* entry = keys_.find(key);
  BRAID_ASSERT(entry != nullptr && entry->value == index,
               "a message is released once, from the virtual partition it was placed in");
  if (entry->count > 1) {
    --entry->count;
  } else {
    keys_.remove(*entry);
  }
  loads_.lower(index);
  if (--in_flight_ == 0) rest();
}

void StickyReducer::release(std::span<const KeyId> keys, std::span<const std::uint32_t> indexes) {
  BRAID_ASSERT(keys.size() == indexes.size(), "each key has its index");
  for (std::size_t i = 0; i < keys.size(); ++i) release(keys[i], indexes[i]);
}

void StickyReducer::rest() {
  if (++rests_ < kRests) return;
  const std::size_t needed = std::max(most_in_flight_, kKeysKept);
  if (capacity() > needed * kShrinkFrom) {
    keys_.shrink(needed);
    loads_.shrink();
  }
  rests_ = 0;
  most_in_flight_ = 0;
}

}  // namespace braid::core
