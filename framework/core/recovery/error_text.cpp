#include "core/recovery/error_text.hpp"

#include <cstdint>

namespace braid::core {

namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// Of the character that begins `text`: how many bytes it takes; 0: none begins here.
std::size_t character_size(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  // The second byte excludes what could be said shorter, surrogates, and what is beyond Unicode.
  const std::uint8_t second = byte_at(text, 1);
  const std::uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < least || second > most) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

std::string bounded_utf8(std::string_view text, std::size_t most) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const std::string_view next = size == 0 ? "?" : text.substr(0, size);
    if (result.size() + next.size() > most) break;
    result += next;
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

}  // namespace braid::core
