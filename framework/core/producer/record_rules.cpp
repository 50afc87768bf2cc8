#include "core/producer/record_rules.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace braid::core {

namespace {

using Kind = Error::Kind;

constexpr std::size_t kTopicNameMost = 249;

constexpr auto kInTopicNames = [] {
  std::array<bool, 256> may{};
  for (char c = 'a'; c <= 'z'; ++c) may[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) may[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) may[static_cast<unsigned char>(c)] = true;
  for (const char c : {'.', '_', '-'}) may[static_cast<unsigned char>(c)] = true;
  return may;
}();

bool is_topic_name(std::string_view name) {
  if (name.size() > kTopicNameMost || name == "." || name == "..") return false;
  return std::ranges::all_of(name, [](char c) { return kInTopicNames[static_cast<unsigned char>(c)]; });
}

std::string quoted(std::string_view name) {
  std::string text = "'";
  return text.append(name.substr(0, kTopicNameMost)).append("'");
}

Error invalid(std::string text) {
  return {Kind::invalid_record, std::move(text)};
}

}  // namespace

std::optional<Error> check_record(const Record& record, std::size_t max_payload_size) {
  if (record.topic.empty()) return invalid("a record without a topic");
  if (!is_topic_name(record.topic)) {
    return invalid(quoted(record.topic) +
                   " is no topic's name: at most 249 letters, digits, dots, dashes and underscores");
  }
  if (record.partition && record.partition->value < 0) {
    return invalid("a record for " + std::string(record.topic) + " with partition " +
                   std::to_string(record.partition->value) + "; leave it out to have it chosen");
  }
  const std::size_t size = record.payload ? record.payload->size() : 0;
  if (size > max_payload_size) {
    return Error(Kind::message_too_large, "a record for " + std::string(record.topic) + " with a payload of " +
                                              std::to_string(size) + " bytes, above max_payload_size, " +
                                              std::to_string(max_payload_size));
  }
  for (const Header& header : record.headers) {
    if (header.name.empty()) {
      return invalid("a record for " + std::string(record.topic) + " with a header without a name");
    }
  }
  if (record.timestamp && record.timestamp->time_since_epoch().count() < 0) {
    return invalid("a record for " + std::string(record.topic) + " with a timestamp before 1970");
  }
  return std::nullopt;
}

std::optional<Error> check_record_size(const Record& record, std::size_t max_record_size) {
  std::size_t size = record.key.value_or("").size() + record.payload.value_or("").size();
  for (const Header& header : record.headers) size += header.name.size() + header.value.value_or("").size();
  if (size <= max_record_size) return std::nullopt;
  return Error(Kind::message_too_large,
               "a record for " + std::string(record.topic) + " of " + std::to_string(size) +
                   " bytes with its key and headers, above message.max.bytes, " + std::to_string(max_record_size));
}

}  // namespace braid::core
