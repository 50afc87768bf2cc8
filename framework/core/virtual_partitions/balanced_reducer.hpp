#pragma once

#include "core/virtual_partitions/key_table.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace braid::core {

// Spreads the keys of one batch by how many messages each has: the largest group first, each to the virtual
// partition that has the least so far, equal ones by their order. Nothing is remembered from batch to batch, so the
// order of a key's messages rests on the barrier between batches. Thread: the listener's; it keeps scratch memory.
//
// The largest virtual partition has at most 4/3 of what the best of all spreads would have (Graham's bound).
// O(messages + groups × log(virtual partitions)).
class BalancedReducer {
 public:
  explicit BalancedReducer(std::uint32_t max_partitions) : max_partitions_(max_partitions) {}

  // indexes[i] is where the message with keys[i] goes. kBrokenKey goes to virtual partition 0.
  void spread(std::span<const KeyId> keys, std::span<std::uint32_t> indexes);

 private:
  void group(std::span<const KeyId> keys, std::span<std::uint32_t> indexes);
  void sort_by_size();
  void assign();

  struct Group {
    KeyId key = 0;
    std::uint32_t size = 0;
    std::uint32_t index = 0;  // of its virtual partition
  };

  std::uint32_t max_partitions_;
  KeyTable table_;                      // value: the group; empty between batches
  std::vector<Group> groups_;           // in the order of their first messages
  std::vector<std::uint32_t> sizes_;    // how many groups have a size; then where the next one of it goes
  std::vector<std::uint32_t> by_size_;  // groups, the largest first
  std::vector<std::uint64_t> heap_;     // load and index of virtual partitions, the least first
};

}  // namespace braid::core
