#include "core/virtual_partitions/loads.hpp"

#include "core/assert.hpp"

#include <algorithm>

namespace braid::core {

std::uint32_t Loads::least() {
  if (heads_[0] != kNone) return heads_[0];
  if (nodes_.size() < max_partitions_) return static_cast<std::uint32_t>(nodes_.size());
  // Each step up pays for a raise(): a load that leaves the lowest list goes to the next one.
  while (heads_[least_] == kNone) ++least_;
  return heads_[least_];
}

void Loads::raise(std::uint32_t index) {
  BRAID_ASSERT(index < max_partitions_, "an index of a virtual partition is below max_partitions");
  while (nodes_.size() <= index) {
    nodes_.emplace_back();
    link(static_cast<std::uint32_t>(nodes_.size() - 1));
  }
  unlink(index);
  ++nodes_[index].load;
  link(index);
}

void Loads::lower(std::uint32_t index) {
  BRAID_ASSERT(load(index) > 0, "a message is released once, from the virtual partition it was placed in");
  unlink(index);
  --nodes_[index].load;
  link(index);
  least_ = std::min(least_, nodes_[index].load);
}

void Loads::link(std::uint32_t index) {
  Node& node = nodes_[index];
  if (heads_.size() <= node.load) heads_.resize(node.load + 1, kNone);
  node.previous = kNone;
  node.next = heads_[node.load];
  if (node.next != kNone) nodes_[node.next].previous = index;
  heads_[node.load] = index;
}

void Loads::unlink(std::uint32_t index) {
  const Node& node = nodes_[index];
  if (node.previous != kNone) {
    nodes_[node.previous].next = node.next;
  } else {
    heads_[node.load] = node.next;
  }
  if (node.next != kNone) nodes_[node.next].previous = node.previous;
}

void Loads::shrink() {
  heads_.resize(1);
  heads_.shrink_to_fit();
  least_ = 0;
}

}  // namespace braid::core
