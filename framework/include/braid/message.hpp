#pragma once

#include <braid/offset.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace braid {

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;  // none: the header has a null value
};

namespace detail {

// Where a message comes from, and what is only looked up when asked for. One per assignment; implemented by the
// Kafka adapter and by the test kit. Thread: const, from any.
class MessageSource {
 public:
  virtual ~MessageSource() = default;
  [[nodiscard]] virtual std::string_view topic() const = 0;
  [[nodiscard]] virtual PartitionNumber partition() const = 0;
  [[nodiscard]] virtual std::chrono::system_clock::time_point timestamp(const void* handle) const = 0;
  [[nodiscard]] virtual std::vector<Header> headers(const void* handle) const = 0;
  // The last header of that name; nullopt where there is none.
  [[nodiscard]] virtual std::optional<Header> header(const void* handle, std::string_view name) const = 0;
};

}  // namespace detail

// One Kafka record as the consumer sees it. A view: key and payload point into the client's fetch buffer and live
// as long as the batch, so copy what must outlive it. Thread: reading is safe from any.
class Message {
 public:
  [[nodiscard]] Offset offset() const { return offset_; }
  // Null keys and payloads (tombstones) read as empty; has_key() and has_payload() tell them from empty ones.
  [[nodiscard]] std::string_view key() const { return {key_, has_key() ? key_size_ : 0}; }
  [[nodiscard]] std::string_view payload() const { return {payload_, has_payload() ? payload_size_ : 0}; }
  [[nodiscard]] bool has_key() const { return key_size_ != kNull; }
  [[nodiscard]] bool has_payload() const { return payload_size_ != kNull; }
  // It says that what its key names is gone; an empty payload says nothing of the kind.
  [[nodiscard]] bool is_tombstone() const { return !has_payload(); }
  [[nodiscard]] std::size_t size() const { return key().size() + payload().size(); }

  [[nodiscard]] std::string_view topic() const { return source_->topic(); }
  [[nodiscard]] PartitionNumber partition() const { return source_->partition(); }
  // Kafka's timestamp of the record, milliseconds; the epoch where it has none.
  [[nodiscard]] std::chrono::system_clock::time_point timestamp() const { return source_->timestamp(handle_); }
  // In the record's order; allocates. Views live as long as the batch.
  [[nodiscard]] std::vector<Header> headers() const { return source_->headers(handle_); }
  // The last header of that name.
  [[nodiscard]] std::optional<Header> header(std::string_view name) const { return source_->header(handle_, name); }

  // --- for adapters and the test kit

  static constexpr std::uint32_t kNull = 0xFFFFFFFF;  // as a size: there is no key, or no payload
  struct Parts {
    const char* key = nullptr;
    std::uint32_t key_size = kNull;
    const char* payload = nullptr;
    std::uint32_t payload_size = kNull;
    Offset offset;
    void* handle = nullptr;  // what the source knows the record by
    const detail::MessageSource* source = nullptr;
  };
  Message() = default;
  explicit Message(const Parts& parts)
      : key_(parts.key),
        payload_(parts.payload),
        key_size_(parts.key_size),
        payload_size_(parts.payload_size),
        offset_(parts.offset),
        handle_(parts.handle),
        source_(parts.source) {}
  [[nodiscard]] void* handle() const { return handle_; }
  [[nodiscard]] const detail::MessageSource* source() const { return source_; }

 private:
  const char* key_ = nullptr;
  const char* payload_ = nullptr;
  std::uint32_t key_size_ = kNull;
  std::uint32_t payload_size_ = kNull;
  Offset offset_;
  void* handle_ = nullptr;
  const detail::MessageSource* source_ = nullptr;
};

}  // namespace braid
