#include "core/decoding/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace braid::core {

namespace {

// Payloads are ASCII for the most part.
std::size_t ascii_length(const char* at, std::size_t size) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t length = 0;
  for (std::uint64_t word = 0; length + sizeof(word) <= size; length += sizeof(word)) {
    std::memcpy(&word, at + length, sizeof(word));
    if ((word & kHighBits) != 0) break;
  }
  while (length < size && static_cast<unsigned char>(at[length]) < 0x80) ++length;
  return length;
}

// Of a sequence that starts with such a byte: how long it is, and where its second byte may lie. That range is what
// keeps out overlong forms, surrogates, and what is beyond the last code point.
struct Sequence {
  std::size_t length = 0;  // 0: no sequence starts so
  unsigned least = 0x80;
  unsigned most = 0xBF;
};

Sequence sequence_of(unsigned first) {
  if (first < 0xC2) return {};
  if (first < 0xE0) return {.length = 2};
  if (first == 0xE0) return {.length = 3, .least = 0xA0};
  if (first == 0xED) return {.length = 3, .most = 0x9F};
  if (first < 0xF0) return {.length = 3};
  if (first == 0xF0) return {.length = 4, .least = 0x90};
  if (first < 0xF4) return {.length = 4};
  if (first == 0xF4) return {.length = 4, .most = 0x8F};
  return {};
}

// 0: there is no whole sequence.
std::size_t sequence_length(const char* at, std::size_t size) {
  const auto byte = [at](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(at[i])); };
  const Sequence sequence = sequence_of(byte(0));
  if (sequence.length == 0 || sequence.length > size) return 0;
  if (byte(1) < sequence.least || byte(1) > sequence.most) return 0;
  for (std::size_t i = 2; i < sequence.length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return sequence.length;
}

}  // namespace

std::size_t utf8_length(std::string_view bytes) {
  std::size_t length = 0;
  while (true) {
    length += ascii_length(bytes.data() + length, bytes.size() - length);
    if (length == bytes.size()) return length;
    const std::size_t sequence = sequence_length(bytes.data() + length, bytes.size() - length);
    if (sequence == 0) return length;
    length += sequence;
  }
}

}  // namespace braid::core
