#pragma once

#include "core/virtual_partitions/placement.hpp"

#include <braid/message.hpp>
#include <braid/offset.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace braid::core {

// The queues of one assignment's virtual partitions, all in one slab of nodes: an empty queue costs twenty bytes,
// and a message that comes and goes costs no allocation once the slab is as large as the most that ever waited. The
// links lie beside the nodes, in memory so small that a walk stays in the cache, while the nodes are fetched in
// parallel.
// Thread: none; pure.
class MessageQueues {
 public:
  explicit MessageQueues(std::uint32_t count) : queues_(count) {}

  void push(std::uint32_t index, const Message& message, KeyId key);
  // Moves at most `most` messages from the front of a queue to the ends of `messages` and `keys`.
  void pop(std::uint32_t index, std::size_t most, std::vector<Message>& messages, std::vector<KeyId>& keys);
  // The oldest of a queue. Requires that it is not empty.
  [[nodiscard]] const Message& front(std::uint32_t index) const { return nodes_[queues_[index].first].message; }

  [[nodiscard]] std::uint32_t length(std::uint32_t index) const { return queues_[index].length; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(queues_.size()); }
  struct Lengths {
    std::uint32_t queues = 0;  // that hold something
    std::uint32_t longest = 0;
    std::uint32_t longest_at = 0;  // which of them
  };
  // Looks at each queue, unless all are empty.
  [[nodiscard]] Lengths lengths() const;
  // Calls visit(Message&) for each message of a queue, in order; it may be replaced, not moved.
  template <class Visit>
  void for_each(std::uint32_t index, Visit&& visit) {
    for (std::uint32_t node = queues_[index].first; node != kNone; node = behind_[node]) {
      visit(nodes_[node].message);
    }
  }
  // Hands over the messages up to that offset that were not handed over before, of each queue the oldest first, in
  // spans, to be replaced where they lie by others of the same offset. Stops when `replace` answers false, and goes
  // on there the next time; true: there are no more. Requires that offsets ascend in each queue. Looks at each
  // queue.
  using Replace = std::function<bool(std::span<Message>)>;
  bool replace_through(Offset through, const Replace& replace);
  // How many of those that wait were handed over to be replaced.
  [[nodiscard]] std::size_t replaced() const { return replaced_; }
  // Gives the slab back, if all queues are empty.
  void shrink();
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Node {
    Message message;
    KeyId key = 0;
  };
  struct Queue {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::uint32_t length = 0;
    std::uint32_t replaced = 0;           // of its messages, the oldest ones
    std::uint32_t last_replaced = kNone;  // the node of the last of these, if there are any
  };

  bool replace_in(Queue& queue, Offset through, const Replace& replace);

  std::vector<Queue> queues_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> behind_;  // of each node, the one behind it in its queue
  std::uint32_t free_ = kNone;         // nodes that are not in a queue, linked in the same way
  std::size_t size_ = 0;
  std::size_t replaced_ = 0;
  std::uint32_t replace_from_ = 0;  // the queue where the last replacement stopped
};

}  // namespace braid::core
