#include "core/virtual_partitions/batch_placement.hpp"

#include "core/assert.hpp"

#include <utility>

namespace braid::core {

PartitionerReport BatchPlacement::place_gathering(std::span<const Message> messages,
                                                  std::vector<std::uint32_t>& indexes, std::vector<KeyId>& keys) {
  // First: what was placed and has not run must not bind the keys that come now.
  release(gathering_);
  indexes.resize(messages.size());
  keys.resize(messages.size());
  PartitionerReport report = placement_->place(messages, indexes, keys);
  if (placement_->remembers()) {
    gathering_.indexes = indexes;
    gathering_.keys = keys;
  }
  return report;
}

void BatchPlacement::started() {
  BRAID_ASSERT(present_.keys.empty(), "at most one batch is present");
  std::swap(gathering_, present_);
}

void BatchPlacement::settled() {
  release(present_);
}

void BatchPlacement::dropped() {
  release(gathering_);
}

void BatchPlacement::release(Placed& placed) {
  if (placed.keys.empty()) return;
  placement_->release(placed.keys, placed.indexes);
  placed.keys.clear();
  placed.indexes.clear();
}

}  // namespace braid::core
