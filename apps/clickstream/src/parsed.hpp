#pragma once

#include <string>
#include <utility>
#include <variant>

namespace clickstream {

/// Why a text could not be understood, in words for a person.
struct Malformed {
  std::string reason;
};

/// A value read from text, or the reason why there is none.
/// Thread: a plain value; whoever holds it.
template <class Value>
class Parsed {
 public:
  Parsed(Value value) : content_(std::in_place_index<0>, std::move(value)) {}
  Parsed(Malformed malformed) : content_(std::in_place_index<1>, std::move(malformed)) {}

  bool ok() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// Requires ok(); throws std::bad_variant_access otherwise.
  const Value& value() const { return std::get<0>(content_); }
  const Value& operator*() const { return value(); }
  const Value* operator->() const { return &value(); }

  /// Requires !ok(); throws std::bad_variant_access otherwise.
  const std::string& reason() const { return std::get<1>(content_).reason; }

 private:
  std::variant<Value, Malformed> content_;
};

}  // namespace clickstream
