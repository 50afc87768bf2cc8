#include "adapters/librdkafka/message_owner.hpp"

#include <array>
#include <mutex>

namespace braid::adapters {
namespace {

Header make_header(const char* name, const void* value, size_t size) {
  Header header{.name = name, .value = std::nullopt};
  if (value != nullptr) header.value = std::string_view{static_cast<const char*>(value), size};
  return header;
}

// librdkafka parses the headers at the first question, without a lock, and keeps them. Two threads that ask for the
// same message would both write there, so the question is serialized; headers are rarely asked for from two
// threads at once, and a stripe of locks keeps different messages apart.
std::mutex& parse_lock(const void* handle) {
  static std::array<std::mutex, 16> locks;
  return locks[(reinterpret_cast<std::uintptr_t>(handle) >> 8) % locks.size()];
}

const rd_kafka_headers_t* parsed_headers(const void* handle) {
  rd_kafka_headers_t* headers = nullptr;
  const std::scoped_lock lock{parse_lock(handle)};
  const auto code = rd_kafka_message_headers(static_cast<const rd_kafka_message_t*>(handle), &headers);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR ? headers : nullptr;
}

}  // namespace

std::chrono::system_clock::time_point RdkafkaMessageOwner::timestamp(const void* handle) const {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t ms = rd_kafka_message_timestamp(static_cast<const rd_kafka_message_t*>(handle), &type);
  if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms < 0) return {};
  return std::chrono::system_clock::time_point{std::chrono::milliseconds{ms}};
}

std::vector<Header> RdkafkaMessageOwner::headers(const void* handle) const {
  std::vector<Header> result;
  const rd_kafka_headers_t* headers = parsed_headers(handle);
  if (headers == nullptr) return result;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    result.push_back(make_header(name, value, size));
  }
  return result;
}

std::optional<Header> RdkafkaMessageOwner::header(const void* handle, std::string_view name) const {
  const rd_kafka_headers_t* headers = parsed_headers(handle);
  if (headers == nullptr) return std::nullopt;
  const std::string key{name};
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_header_get_last(headers, key.c_str(), &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  // The caller's name, not our copy of it, which ends here.
  Header header = make_header("", value, size);
  header.name = name;
  return header;
}

void RdkafkaMessageOwner::release(std::span<const Message> messages) noexcept {
  // While no copy is out, which is nearly always, nobody asks of each message what it is.
  if (copies_out_.load(std::memory_order_relaxed) > 0) {
    release_mixed(messages);
    return;
  }
  for (const Message& message : messages) {
    rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(message.handle()));
  }
  handle_->add_messages_out(-static_cast<std::int64_t>(messages.size()));
}

void RdkafkaMessageOwner::release_mixed(std::span<const Message> messages) noexcept {
  std::size_t copies = 0;
  for (const Message& message : messages) {
    if (copies_.has_made(message)) {
      engine::CopiedMessages::free(message);
      ++copies;
    } else {
      rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(message.handle()));
    }
  }
  copies_out_.fetch_sub(copies, std::memory_order_relaxed);
  handle_->add_messages_out(-static_cast<std::int64_t>(messages.size() - copies));
}

std::size_t RdkafkaMessageOwner::detach(std::span<Message> messages) noexcept {
  std::size_t count = 0;
  for (Message& message : messages) {
    if (copies_.has_made(message)) continue;
    const auto copy = copies_.copy(message);
    if (!copy) break;
    rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(message.handle()));
    message = *copy;
    ++count;
  }
  if (count == 0) return 0;
  copies_out_.fetch_add(count, std::memory_order_relaxed);
  handle_->add_messages_out(-static_cast<std::int64_t>(count));
  return count;
}

}  // namespace braid::adapters
