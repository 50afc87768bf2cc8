#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid::core {

// How many messages each virtual partition has in flight, and which one has the fewest: all in O(1), since loads
// change by one. Thread: its owner's.
//
//   heads_   0: 7 - 2        virtual partitions 7 and 2 have none in flight
//            1: (none)
//            2: 5 - 0 - 3    least_ is at or below the first list that is not empty
//
// A virtual partition costs memory from its first message on.
class Loads {
 public:
  explicit Loads(std::uint32_t max_partitions) : max_partitions_(max_partitions) {}

  // One with the least load: the last one to have got it, which is the one most likely to have its consumer object
  // and its memory at hand; of those never used, the first.
  [[nodiscard]] std::uint32_t least();
  void raise(std::uint32_t index);
  // Requires that it has a load.
  void lower(std::uint32_t index);

  [[nodiscard]] std::uint32_t load(std::uint32_t index) const {
    return index < nodes_.size() ? nodes_[index].load : 0;
  }
  // Virtual partitions that ever had a load.
  [[nodiscard]] std::size_t used() const { return nodes_.size(); }
  // Gives back what lower loads don't need. Requires that there is no load.
  void shrink();

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Node {
    std::uint32_t load = 0;
    std::uint32_t previous = kNone;  // in the list of its load
    std::uint32_t next = kNone;
  };

  void link(std::uint32_t index);
  void unlink(std::uint32_t index);

  std::uint32_t max_partitions_;
  std::vector<Node> nodes_;                  // by virtual partition, up to the highest one used
  std::vector<std::uint32_t> heads_{kNone};  // by load
  std::uint32_t least_ = 0;
};

}  // namespace braid::core
