#pragma once

#include "core/virtual_partitions/key_id.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid::core {

// Keys, each with two numbers: open addressing, linear probing. Thread: its owner's.
//
// Not an unordered map of a library: those allocate a node an entry, or rehash now and then only because entries
// come and go, while here a key comes and goes with its messages, without an allocation once the table has grown.
class KeyTable {
 public:
  struct Entry {
    KeyId key = 0;
    std::uint32_t value = 0;
    std::uint32_t count = 0;  // 0: there is no entry here
  };

  // The key's entry. A new one has the count 0, and whoever asked for it gives it another at once.
  // Valid until the next add() or remove().
  Entry& find_or_add(KeyId key);
  // The key's entry, or nullptr.
  [[nodiscard]] Entry* find(KeyId key);
  void remove(Entry& entry);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return entries_.size(); }
  // Makes room for so many entries, without an allocation until there are more.
  void reserve(std::size_t count);
  // Gives back what so many entries don't need. Requires that it is empty.
  void shrink(std::size_t count);

 private:
  // Fibonacci hashing: ids in a row, as tests and users' numbers have them, do not make one long run.
  [[nodiscard]] std::size_t home_of(KeyId key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15) >> shift_);
  }
  void rehash(std::size_t capacity);

  std::vector<Entry> entries_;  // none, or a power of two; at most half of them used
  std::size_t mask_ = 0;
  int shift_ = 0;
  std::size_t size_ = 0;
};

}  // namespace braid::core
