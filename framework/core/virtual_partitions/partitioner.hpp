#pragma once

#include <braid/offset.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace braid::core {

// What went wrong while a batch was placed. No message is left out for it.
struct PartitionerReport {
  std::uint32_t errors = 0;      // messages concerned
  std::string first_error_text;  // of the first of them; at most 256 bytes
  Offset first_error_offset;     // means something if errors > 0
};

// Counts one message more; the first one's text is kept.
void note_partitioner_error(PartitionerReport& report, Offset offset, std::string_view subject,
                            std::string_view text);

// For topics that set no number: enough that the pool stays busy while some virtual partitions have more to do than
// others.
constexpr std::uint32_t default_max_partitions(std::uint32_t concurrency) {
  const std::uint64_t wanted = std::max<std::uint64_t>(std::uint64_t{8} * concurrency, 64);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, 0xFFFFFFFF));
}

}  // namespace braid::core
