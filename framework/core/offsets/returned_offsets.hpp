#pragma once

#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>

namespace braid::core {

// Under manual offsets: the offsets of shares that have returned and that nobody has marked yet, by virtual
// partition. A mark covers those of its own virtual partition up to it, and no others.
// Thread: none; pure. Owned by the runner of its partition, for one assignment.
class ReturnedOffsets {
 public:
  // Ascending within a virtual partition.
  void add(VirtualPartitionIndex index, Offset offset) {
    offsets_[index.value].push_back(offset);
    ++size_;
  }
  // Asks marked(VirtualPartitionIndex) for how far each of them is marked; what that covers leaves, and is told to
  // done(Offset).
  template <class Marked, class Done>
  void take_marked(Marked&& marked, Done&& done) {
    for (auto at = offsets_.begin(); at != offsets_.end();) {
      std::deque<Offset>& waiting = at->second;
      const Offset through = marked(VirtualPartitionIndex{at->first});
      for (; !waiting.empty() && waiting.front() <= through; waiting.pop_front(), --size_) done(waiting.front());
      at = waiting.empty() ? offsets_.erase(at) : std::next(at);
    }
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::map<std::uint32_t, std::deque<Offset>> offsets_;  // of those that have any
  std::size_t size_ = 0;
};

}  // namespace braid::core
