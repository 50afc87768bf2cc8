#include "core/virtual_partitions/balanced_reducer.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <limits>

namespace braid::core {
namespace {

// A load above its index, so that equal loads go by index.
constexpr std::uint64_t packed(std::uint64_t load, std::uint32_t index) {
  return load << 32 | index;
}

// The least one has grown: down to its place. (Twice as fast as pop_heap and push_heap.)
void sift_down(std::vector<std::uint64_t>& heap) {
  const std::uint64_t moved = heap[0];
  std::size_t at = 0;
  for (std::size_t child = 1; child < heap.size(); child = 2 * at + 1) {
    if (child + 1 < heap.size() && heap[child + 1] < heap[child]) ++child;
    if (moved < heap[child]) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

}  // namespace

void BalancedReducer::spread(std::span<const KeyId> keys, std::span<std::uint32_t> indexes) {
  BRAID_ASSERT(keys.size() <= std::numeric_limits<std::uint32_t>::max(), "groups count in 32 bits");
  if (keys.empty()) return;
  group(keys, indexes);
  sort_by_size();
  assign();
  for (std::size_t i = 0; i < keys.size(); ++i) indexes[i] = groups_[indexes[i]].index;
}

// indexes[i] becomes the number of the message's group.
void BalancedReducer::group(std::span<const KeyId> keys, std::span<std::uint32_t> indexes) {
  groups_.clear();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    KeyTable::Entry& entry = table_.find_or_add(keys[i]);
    if (entry.count == 0) {
      entry.count = 1;
      entry.value = static_cast<std::uint32_t>(groups_.size());
      groups_.push_back({.key = keys[i]});
    }
    ++groups_[entry.value].size;
    indexes[i] = entry.value;
  }
  for (const Group& each : groups_) table_.remove(*table_.find(each.key));
}

// A counting sort: equal sizes keep their order.
void BalancedReducer::sort_by_size() {
  std::uint32_t most = 0;
  for (const Group& each : groups_) most = std::max(most, each.size);
  sizes_.assign(most + 1, 0);
  for (const Group& each : groups_) ++sizes_[each.size];
  std::uint32_t next = 0;
  for (std::uint32_t size = most; size > 0; --size) {
    const std::uint32_t count = sizes_[size];
    sizes_[size] = next;
    next += count;
  }
  by_size_.resize(groups_.size());
  for (std::uint32_t i = 0; i < groups_.size(); ++i) by_size_[sizes_[groups_[i].size]++] = i;
}

void BalancedReducer::assign() {
  // Those beyond the number of groups would stay empty anyway.
  const std::size_t used = std::min<std::size_t>(max_partitions_, groups_.size());
  heap_.resize(used);
  for (std::uint32_t i = 0; i < used; ++i) heap_[i] = packed(0, i);
  const auto broken =
      std::find_if(groups_.begin(), groups_.end(), [](const Group& each) { return each.key == kBrokenKey; });
  if (broken != groups_.end()) {
    heap_[0] = packed(broken->size, 0);
    sift_down(heap_);
  }
  for (const std::uint32_t number : by_size_) {
    Group& group = groups_[number];
    if (group.key == kBrokenKey) continue;  // it stays in 0
    group.index = static_cast<std::uint32_t>(heap_[0]);
    heap_[0] += packed(group.size, 0);
    sift_down(heap_);
  }
}

}  // namespace braid::core
