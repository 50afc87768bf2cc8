#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>

// What the payloads of a topic are, as a value. How values are made of them: <braid/deserializer.hpp>.

namespace braid {

template <class T>
class TypedConsumer;
template <class T>
class TypedMessageConsumer;

}  // namespace braid

namespace braid::routing {

enum class PayloadFormat : std::uint8_t {
  by_type,   // what the consumer's type is made from where nobody says: braid::Decode<T>
  raw,       // bytes as they are
  text,      // UTF-8, looked at
  json,      // JSON, for boost::json::value and types that are made from JSON (<braid/json.hpp>)
  function,  // what a function of the user's makes of it
};

// A topic's deserializer. Thread: a plain value; what it holds is called on workers, several at once.
struct Deserializer {
  PayloadFormat format = PayloadFormat::by_type;
  // What it makes. Not set: any type that can be made from that format.
  const std::type_info* type = nullptr;
  // With `type`: a braid::detail::Decoder of it; without one the function was empty.
  std::shared_ptr<const void> decoder{};
};

// A type whose values a consumer takes (TypedConsumer<T>), and from what these are made without a function.
struct TakenValue {
  const std::type_info* type = nullptr;
  bool by_itself = false;  // there is a braid::Decode<T>
  bool raw = false;
  bool text = false;
  bool json = false;
};

// Why a consumer can't have such values by that deserializer; empty: it can.
[[nodiscard]] std::string misfit(const Deserializer& deserializer, const TakenValue& taken);

// For describe() and for problems: `text`, `JSON`, `a function that makes shop::Event`.
[[nodiscard]] std::string to_text(const Deserializer& deserializer);

namespace detail {

template <class T>
TakenValue taken_by(const TypedConsumer<T>*) {
  return TypedConsumer<T>::taken();
}
template <class T>
TakenValue taken_by(const TypedMessageConsumer<T>*) {
  return TypedMessageConsumer<T>::taken();
}
inline std::optional<TakenValue> taken_by(const void*) {
  return std::nullopt;
}

// What consumers of a class take; none where they take messages.
template <class C>
[[nodiscard]] std::optional<TakenValue> taken_value() {
  return taken_by(static_cast<const C*>(nullptr));
}

// A deserializer made of a function of the user's; defined by <braid/deserializer.hpp>, which <braid/braid.hpp>
// includes.
template <class Function>
struct FunctionDeserializer;

}  // namespace detail

}  // namespace braid::routing

namespace braid {

// Payloads as they are: std::string_view, std::string, std::span<const std::byte>, std::vector<std::byte>. What
// these are made from without a deserializer, too.
[[nodiscard]] inline routing::Deserializer raw() {
  return {.format = routing::PayloadFormat::raw};
}

// UTF-8 text as std::string_view or std::string; what is none can't be decoded.
[[nodiscard]] inline routing::Deserializer text() {
  return {.format = routing::PayloadFormat::text};
}

// JSON as boost::json::value, or as types whose braid::Decode says that they are made from JSON. For others there
// is json<T>() in <braid/json.hpp>.
[[nodiscard]] inline routing::Deserializer json() {
  return {.format = routing::PayloadFormat::json};
}

}  // namespace braid
