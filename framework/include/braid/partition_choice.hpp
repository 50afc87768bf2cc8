#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace braid {

// Partitions that an application holds at present; what it is given later is not among them.
// Thread: a value.
struct PartitionChoice {
  std::string topic{};
  std::optional<std::int32_t> partition{};      // none: all of the topic
  std::optional<std::string> consumer_group{};  // none: of any
};

}  // namespace braid
