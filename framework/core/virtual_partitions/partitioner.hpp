#pragma once

#include <braid/message.hpp>
#include <braid/offset.hpp>
#include <braid/routing/routes.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace braid::core {

// What went wrong while a batch was assigned. No message is left out for it.
struct PartitionerReport {
  std::uint32_t errors = 0;      // messages concerned
  std::string first_error_text;  // of the first of them; at most 256 bytes
  Offset first_error_offset;     // means something if errors > 0
};

// Says which virtual partition each message of a batch belongs to: partitioner and reducer in one.
// Thread: the listener's, one call at a time (it reuses scratch memory).
//
// - The default reducer is the 64 bits of XXH3 over the key's bytes, modulo max_partitions. A number is hashed in
// its
//   decimal text, so that the number 5 and the text "5" meet, wherever they come from.
// - A message without a key goes by its offset modulo max_partitions: a round robin without a state, equal after a
//   restart. The reducer is not asked.
// - An absent header, an absent JSON field, a payload that is not JSON: an error, and then like a message without a
//   key.
// - A partitioner or reducer of the user that throws (anything), or an index that is not below max_partitions: an
//   error, and virtual partition 0.
class VirtualPartitioner {
 public:
  virtual ~VirtualPartitioner() = default;
  // out[i] is the index for messages[i], always below max_partitions. Requires max_partitions >= 1 and as much room
  // in out as there are messages. Does not throw what user code throws.
  virtual PartitionerReport assign(std::span<const Message> messages, std::uint32_t max_partitions,
                                   std::span<std::uint32_t> out) = 0;
};

// Throws std::invalid_argument where a kind says "callable" and there is none, or a header or field has no name;
// the check of routes says so earlier and better.
std::unique_ptr<VirtualPartitioner> make_virtual_partitioner(const routing::VirtualPartitions& settings);

// For topics that set no number: enough that the pool stays busy while some virtual partitions have more to do than
// others.
constexpr std::uint32_t default_max_partitions(std::uint32_t concurrency) {
  const std::uint64_t wanted = std::max<std::uint64_t>(std::uint64_t{8} * concurrency, 64);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, 0xFFFFFFFF));
}

}  // namespace braid::core
