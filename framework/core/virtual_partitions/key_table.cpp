#include "core/virtual_partitions/key_table.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace braid::core {
namespace {

constexpr std::size_t kCapacityMin = 16;

std::size_t capacity_for(std::size_t count) {
  return std::bit_ceil(std::max(count * 2, kCapacityMin));
}

}  // namespace

KeyTable::Entry& KeyTable::find_or_add(KeyId key) {
  if ((size_ + 1) * 2 > entries_.size()) rehash(capacity_for(size_ + 1));
  std::size_t at = home_of(key);
  for (; entries_[at].count != 0; at = (at + 1) & mask_) {
    if (entries_[at].key == key) return entries_[at];
  }
  ++size_;
  entries_[at] = {.key = key};
  return entries_[at];
}

KeyTable::Entry* KeyTable::find(KeyId key) {
  if (size_ == 0) return nullptr;
  for (std::size_t at = home_of(key); entries_[at].count != 0; at = (at + 1) & mask_) {
    if (entries_[at].key == key) return &entries_[at];
  }
  return nullptr;
}

void KeyTable::remove(Entry& entry) {
  // What stands behind moves up, as far as its home allows, so that no gap cuts it off and none has to be marked.
  auto gap = static_cast<std::size_t>(&entry - entries_.data());
  for (std::size_t at = (gap + 1) & mask_; entries_[at].count != 0; at = (at + 1) & mask_) {
    const std::size_t from_home = (at - home_of(entries_[at].key)) & mask_;
    const std::size_t from_gap = (at - gap) & mask_;
    if (from_home < from_gap) continue;
    entries_[gap] = entries_[at];
    gap = at;
  }
  entries_[gap].count = 0;
  --size_;
}

void KeyTable::reserve(std::size_t count) {
  const std::size_t capacity = capacity_for(count);
  if (capacity > entries_.size()) rehash(capacity);
}

void KeyTable::shrink(std::size_t count) {
  BRAID_ASSERT(size_ == 0, "a table of keys shrinks while it is empty");
  const std::size_t capacity = capacity_for(count);
  if (capacity < entries_.size()) rehash(capacity);
}

void KeyTable::rehash(std::size_t capacity) {
  const std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(capacity));
  mask_ = capacity - 1;
  shift_ = 64 - std::countr_zero(capacity);
  for (const Entry& entry : old) {
    if (entry.count == 0) continue;
    std::size_t at = home_of(entry.key);
    while (entries_[at].count != 0) at = (at + 1) & mask_;
    entries_[at] = entry;
  }
}

}  // namespace braid::core
