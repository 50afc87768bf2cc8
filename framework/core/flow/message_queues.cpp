#include "core/flow/message_queues.hpp"

#include "core/assert.hpp"

#include <algorithm>
#include <array>

namespace braid::core {

void MessageQueues::push(std::uint32_t index, const Message& message, KeyId key) {
  std::uint32_t node = free_;
  if (node == kNone) {
    BRAID_ASSERT(nodes_.size() < kNone, "messages that wait are counted in 32 bits");
    node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({message, key});
    behind_.push_back(kNone);
  } else {
    free_ = behind_[node];
    nodes_[node] = {message, key};
    behind_[node] = kNone;
  }
  Queue& queue = queues_[index];
  (queue.last == kNone ? queue.first : behind_[queue.last]) = node;
  queue.last = node;
  ++queue.length;
  ++size_;
}

void MessageQueues::pop(std::uint32_t index, std::size_t most, std::vector<Message>& messages,
                        std::vector<KeyId>& keys) {
  Queue& queue = queues_[index];
  const auto taken = static_cast<std::uint32_t>(std::min<std::size_t>(most, queue.length));
  if (taken == 0) return;
  messages.reserve(messages.size() + taken);
  keys.reserve(keys.size() + taken);
  const std::uint32_t first = queue.first;
  std::uint32_t last = first;
  std::uint32_t next = first;
  for (std::uint32_t i = 0; i < taken; ++i) {
    const Node& node = nodes_[next];
    messages.push_back(node.message);
    keys.push_back(node.key);
    last = next;
    next = behind_[next];
  }
  // The nodes go back as the chain they are.
  behind_[last] = free_;
  free_ = first;
  queue.first = next;
  if (next == kNone) queue.last = kNone;
  queue.length -= taken;
  size_ -= taken;
  const std::uint32_t gone = std::min(queue.replaced, taken);
  queue.replaced -= gone;
  replaced_ -= gone;
}

bool MessageQueues::replace_through(Offset through, const Replace& replace) {
  for (std::uint32_t looked = 0; looked < count(); ++looked) {
    Queue& queue = queues_[replace_from_];
    if (queue.replaced < queue.length && !replace_in(queue, through, replace)) return false;
    replace_from_ = replace_from_ + 1 < count() ? replace_from_ + 1 : 0;
  }
  return true;
}

bool MessageQueues::replace_in(Queue& queue, Offset through, const Replace& replace) {
  // Together, since whoever replaces them has costs of a call too.
  std::array<Message, 128> together;
  for (;;) {
    const std::uint32_t from = queue.replaced > 0 ? behind_[queue.last_replaced] : queue.first;
    std::uint32_t found = 0;
    for (std::uint32_t node = from; node != kNone && found < together.size(); node = behind_[node]) {
      if (nodes_[node].message.offset() > through) break;
      together[found++] = nodes_[node].message;
    }
    if (found == 0) return true;
    const bool goes_on = replace({together.data(), found});
    std::uint32_t node = from;
    for (std::uint32_t i = 0; i < found; ++i) {
      nodes_[node].message = together[i];
      queue.last_replaced = node;
      node = behind_[node];
    }
    queue.replaced += found;
    replaced_ += found;
    if (!goes_on) return false;
  }
}

MessageQueues::Lengths MessageQueues::lengths() const {
  Lengths lengths;
  if (size_ == 0) return lengths;
  for (std::uint32_t index = 0; index < queues_.size(); ++index) {
    const std::uint32_t length = queues_[index].length;
    if (length > 0) ++lengths.queues;
    if (length <= lengths.longest) continue;
    lengths.longest = length;
    lengths.longest_at = index;
  }
  return lengths;
}

void MessageQueues::shrink() {
  if (size_ > 0) return;
  nodes_ = std::vector<Node>();  // {} would keep the memory
  behind_ = std::vector<std::uint32_t>();
  free_ = kNone;
}

std::size_t MessageQueues::memory_bytes() const {
  return nodes_.capacity() * sizeof(Node) + behind_.capacity() * sizeof(std::uint32_t) +
         queues_.capacity() * sizeof(Queue);
}

}  // namespace braid::core
