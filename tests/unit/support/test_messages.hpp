#pragma once

#include <braid/message.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid::test_support {

// What a test says of a message. Not set: null in Kafka, which is not the same as empty.
struct TestRecord {
  std::int64_t offset = 0;
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> payload = std::nullopt;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  std::chrono::milliseconds timestamp{0};  // since the epoch
};

// A MessageSource whose handles are TestRecords. Thread: any, as it is constant.
class TestMessageSource final : public detail::MessageSource {
 public:
  explicit TestMessageSource(std::string topic = "events", std::int32_t partition = 0)
      : topic_(std::move(topic)), partition_{partition} {}

  [[nodiscard]] std::string_view topic() const override { return topic_; }
  [[nodiscard]] PartitionNumber partition() const override { return partition_; }
  [[nodiscard]] std::chrono::system_clock::time_point timestamp(const void* handle) const override {
    return std::chrono::system_clock::time_point(record(handle).timestamp);
  }
  [[nodiscard]] std::vector<Header> headers(const void* handle) const override {
    std::vector<Header> result;
    for (const auto& [name, value] : record(handle).headers) result.push_back({name, value});
    return result;
  }
  [[nodiscard]] std::optional<Header> header(const void* handle, std::string_view name) const override {
    std::optional<Header> last;
    for (const auto& [each, value] : record(handle).headers) {
      if (each == name) last = Header{each, value};
    }
    return last;
  }

 private:
  static const TestRecord& record(const void* handle) { return *static_cast<const TestRecord*>(handle); }
  std::string topic_;
  PartitionNumber partition_;
};

// Makes messages and owns what they point to: they live as long as this does. Thread: one.
//
//   TestMessages messages;
//   messages.add({.offset = 7, .key = "a", .payload = "{}", .headers = {{"tenant", "t1"}}});
//   consume(messages.all());
class TestMessages {
 public:
  explicit TestMessages(std::string topic = "events", std::int32_t partition = 0)
      : source_(std::move(topic), partition) {}
  TestMessages(const TestMessages&) = delete;  // messages point into it
  TestMessages& operator=(const TestMessages&) = delete;

  Message add(TestRecord record) {
    TestRecord& kept = records_.emplace_back(std::move(record));
    Message::Parts parts;
    if (kept.key) {
      parts.key = kept.key->data();
      parts.key_size = static_cast<std::uint32_t>(kept.key->size());
    }
    if (kept.payload) {
      parts.payload = kept.payload->data();
      parts.payload_size = static_cast<std::uint32_t>(kept.payload->size());
    }
    parts.offset = Offset{kept.offset};
    parts.handle = &kept;
    parts.source = &source_;
    return messages_.emplace_back(parts);
  }

  // The message after the last one's offset, or 0.
  Message add(std::optional<std::string> key, std::optional<std::string> payload) {
    const std::int64_t offset = messages_.empty() ? 0 : messages_.back().offset().value + 1;
    return add(TestRecord{.offset = offset, .key = std::move(key), .payload = std::move(payload)});
  }

  [[nodiscard]] std::span<const Message> all() const { return messages_; }
  [[nodiscard]] std::size_t size() const { return messages_.size(); }
  [[nodiscard]] const Message& operator[](std::size_t i) const { return messages_[i]; }

 private:
  TestMessageSource source_;
  std::deque<TestRecord> records_;  // never moves them
  std::vector<Message> messages_;
};

}  // namespace braid::test_support
