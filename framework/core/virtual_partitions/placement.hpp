#pragma once

#include "core/virtual_partitions/partitioner.hpp"

#include <braid/message.hpp>
#include <braid/routing/routes.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace braid::core {

// What a placement knows a message's key by: equal keys have equal ones; different keys almost never do, and then
// only share a virtual partition for a while.
using KeyId = std::uint64_t;

// Says which virtual partition each message of one assignment goes to: the topic's partitioner and reducer, with
// what the reducer remembers of the messages in flight. Thread: the listener's; one an assignment.
class Placement {
 public:
  virtual ~Placement() = default;

  // indexes[i] is the virtual partition of messages[i], below max_partitions; keys[i] is what release() wants to be
  // given back once that message is done. Requires as much room in both as there are messages. Throws nothing that
  // user code throws: see PartitionerReport.
  virtual PartitionerReport place(std::span<const Message> messages, std::span<std::uint32_t> indexes,
                                  std::span<KeyId> keys) = 0;

  // These messages are in flight no more: done, or placed anew. In any order, each once.
  // Does nothing unless remembers().
  virtual void release(std::span<const KeyId> keys, std::span<const std::uint32_t> indexes) = 0;
  // Whether release() has to be called; where not, the caller need not keep the keys.
  [[nodiscard]] virtual bool remembers() const = 0;
};

// Throws std::invalid_argument where settings are such that validate() of the routes would have refused them.
std::unique_ptr<Placement> make_placement(const routing::VirtualPartitions& settings, std::uint32_t max_partitions);

}  // namespace braid::core
