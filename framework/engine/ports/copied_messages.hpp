#pragma once

#include <braid/message.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace braid::engine {

// Messages in memory of their own: key, payload, timestamp and headers of each in one block, which its handle
// points to. A piece of a MessageOwner, which turns messages that wait for long into such ones.
//
//   block: timestamp, how many headers, their sizes | key, payload | name, value, name, value ...
//
// Thread: any; each message is one thread's until it is shared.
class CopiedMessages final : public detail::MessageSource {
 public:
  // `original`: of the messages that are copied; outlives this.
  explicit CopiedMessages(const detail::MessageSource& original) : original_(original) {}

  // The same message in memory of its own; none: there is not enough. Its original is left alone.
  [[nodiscard]] std::optional<Message> copy(const Message& message) const noexcept;
  [[nodiscard]] bool has_made(const Message& message) const { return message.source() == this; }
  // Frees a message that copy() has made.
  static void free(const Message& message) noexcept;

  [[nodiscard]] std::string_view topic() const override { return original_.topic(); }
  [[nodiscard]] PartitionNumber partition() const override { return original_.partition(); }
  [[nodiscard]] std::chrono::system_clock::time_point timestamp(const void* handle) const override;
  [[nodiscard]] std::vector<Header> headers(const void* handle) const override;
  [[nodiscard]] std::optional<Header> header(const void* handle, std::string_view name) const override;

 private:
  [[nodiscard]] Message copy_into_block(const Message& message) const;  // throws std::bad_alloc

  const detail::MessageSource& original_;
};

}  // namespace braid::engine
