#include "engine/ports/copied_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace braid::engine {
namespace {

struct HeaderSizes {
  std::uint32_t name = 0;
  std::uint32_t value = 0;  // Message::kNull: the value is null
};

// What a block starts with; HeaderSizes follow at once, and then the bytes.
struct Block {
  std::chrono::system_clock::time_point timestamp;
  std::uint32_t headers = 0;
  std::uint32_t bytes_before_headers = 0;  // of key and payload

  [[nodiscard]] HeaderSizes* sizes() { return reinterpret_cast<HeaderSizes*>(this + 1); }
  [[nodiscard]] const HeaderSizes* sizes() const { return reinterpret_cast<const HeaderSizes*>(this + 1); }
  [[nodiscard]] char* bytes() { return reinterpret_cast<char*>(sizes() + headers); }
  [[nodiscard]] const char* bytes() const { return reinterpret_cast<const char*>(sizes() + headers); }
};
static_assert(alignof(HeaderSizes) <= alignof(Block) && sizeof(Block) % alignof(HeaderSizes) == 0);

const Block& block_of(const void* handle) {
  return *static_cast<const Block*>(handle);
}

std::size_t value_size(const Header& header) {
  return header.value ? header.value->size() : 0;
}

// Where it lies; null is not the same as empty, and stays null.
const char* append(char*& end, std::string_view bytes) {
  char* const begin = end;
  if (!bytes.empty()) std::memcpy(begin, bytes.data(), bytes.size());
  end += bytes.size();
  return begin;
}

// Calls visit(Header) for each, in order.
template <class Visit>
void for_each_header(const Block& block, Visit&& visit) {
  const char* at = block.bytes() + block.bytes_before_headers;
  for (std::uint32_t i = 0; i < block.headers; ++i) {
    const HeaderSizes& sizes = block.sizes()[i];
    Header header{.name = {at, sizes.name}, .value = std::nullopt};
    at += sizes.name;
    if (sizes.value != Message::kNull) {
      header.value = std::string_view{at, sizes.value};
      at += sizes.value;
    }
    visit(header);
  }
}

}  // namespace

std::optional<Message> CopiedMessages::copy(const Message& message) const noexcept {
  try {
    return copy_into_block(message);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

Message CopiedMessages::copy_into_block(const Message& message) const {
  const std::vector<Header> headers = message.headers();
  std::size_t bytes = message.size();
  for (const Header& header : headers) bytes += header.name.size() + value_size(header);
  void* const memory = ::operator new(sizeof(Block) + headers.size() * sizeof(HeaderSizes) + bytes);
  auto* const block = new (memory) Block{.timestamp = message.timestamp(),
                                         .headers = static_cast<std::uint32_t>(headers.size()),
                                         .bytes_before_headers = static_cast<std::uint32_t>(message.size())};
  for (std::size_t i = 0; i < headers.size(); ++i) {
    new (block->sizes() + i) HeaderSizes{
        .name = static_cast<std::uint32_t>(headers[i].name.size()),
        .value = headers[i].value ? static_cast<std::uint32_t>(headers[i].value->size()) : Message::kNull};
  }
  char* end = block->bytes();
  Message::Parts parts{.offset = message.offset(), .handle = block, .source = this};
  if (message.has_key()) {
    parts.key_size = static_cast<std::uint32_t>(message.key().size());
    parts.key = append(end, message.key());
  }
  if (message.has_payload()) {
    parts.payload_size = static_cast<std::uint32_t>(message.payload().size());
    parts.payload = append(end, message.payload());
  }
  for (const Header& header : headers) {
    append(end, header.name);
    if (header.value) append(end, *header.value);
  }
  return Message(parts);
}

void CopiedMessages::free(const Message& message) noexcept {
  ::operator delete(message.handle());
}

std::chrono::system_clock::time_point CopiedMessages::timestamp(const void* handle) const {
  return block_of(handle).timestamp;
}

std::vector<Header> CopiedMessages::headers(const void* handle) const {
  std::vector<Header> result;
  result.reserve(block_of(handle).headers);
  for_each_header(block_of(handle), [&](const Header& header) { result.push_back(header); });
  return result;
}

std::optional<Header> CopiedMessages::header(const void* handle, std::string_view name) const {
  std::optional<Header> last;
  for_each_header(block_of(handle), [&](const Header& header) {
    if (header.name == name) last = header;
  });
  return last;
}

}  // namespace braid::engine
