#pragma once

#include <braid/message.hpp>

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace braid::test_support {

// Messages of which only the offset matters.
inline std::vector<Message> at_offsets(const std::vector<std::int64_t>& offsets) {
  std::vector<Message> messages;
  for (const std::int64_t offset : offsets) {
    Message::Parts parts;
    parts.offset = Offset{offset};
    messages.emplace_back(parts);
  }
  return messages;
}

// Both included.
inline std::vector<Message> from_to(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t offset = first; offset <= last; ++offset) offsets.push_back(offset);
  return at_offsets(offsets);
}

inline std::vector<std::int64_t> offsets_of(const std::vector<Message>& messages) {
  std::vector<std::int64_t> offsets;
  for (const Message& message : messages) offsets.push_back(message.offset().value);
  return offsets;
}

}  // namespace braid::test_support
