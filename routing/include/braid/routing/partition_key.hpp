#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace braid {

class Message;

// What a partitioner says of a message: messages with equal keys meet in the same virtual partition and run in
// offset order. Either nothing (the message has no key; it may run anywhere), an integer, or bytes.
//
// Bytes given as a string_view must outlive the call, which those of the message do; anything computed goes in as
// a std::string.
//
// Thread: a value; partitioners make it on the listener's.
class PartitionKey {
 public:
  PartitionKey() = default;
  PartitionKey(std::uint64_t number) : value_(number) {}                     // NOLINT: conversions are the point
  PartitionKey(std::string_view bytes) : value_(bytes) {}                    // NOLINT
  PartitionKey(const char* text) : value_(std::string_view(text)) {}         // NOLINT
  PartitionKey(std::string owned_bytes) : value_(std::move(owned_bytes)) {}  // NOLINT

  [[nodiscard]] bool empty() const { return value_.index() == 0; }
  [[nodiscard]] bool is_number() const { return value_.index() == 1; }
  // Requires is_number().
  [[nodiscard]] std::uint64_t number() const { return std::get<1>(value_); }
  // The bytes; empty where the key is a number or nothing.
  [[nodiscard]] std::string_view bytes() const {
    if (const auto* view = std::get_if<2>(&value_)) return *view;
    if (const auto* owned = std::get_if<3>(&value_)) return *owned;
    return {};
  }

 private:
  std::variant<std::monostate, std::uint64_t, std::string_view, std::string> value_;
};

}  // namespace braid
