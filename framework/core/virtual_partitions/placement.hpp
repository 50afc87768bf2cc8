#pragma once

#include "core/virtual_partitions/key_id.hpp"
#include "core/virtual_partitions/partitioner.hpp"

#include <braid/message.hpp>
#include <braid/routing/routes.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace braid::core {

// Says which virtual partition each message of one assignment goes to: the topic's partitioner and reducer, with
// what the reducer remembers of the messages in flight. Thread: the listener's; one an assignment.
//
// - hash: the 64 bits of XXH3 over the key's bytes, modulo max_partitions. A number is hashed in its decimal text.
// - balanced: over the messages of one place(), and of that alone.
// - sticky: a key's messages in flight are those placed and not released.
// - A message without a key goes by its offset (hash, callable: modulo max_partitions, equal after a restart) or,
//   with NullKeys::together, as though all of them had one key. A reducer of the user's is not asked about it.
// - An absent header or JSON field, a payload that is not JSON: an error, and then like a message without a key.
// - A partitioner or reducer of the user that throws (anything), or an index that is not below max_partitions: an
//   error, and virtual partition 0.
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

// Throws std::invalid_argument where settings are such that validate() of the routes would have refused them, and
// where max_partitions is 0.
std::unique_ptr<Placement> make_placement(const routing::VirtualPartitions& settings, std::uint32_t max_partitions);

}  // namespace braid::core
