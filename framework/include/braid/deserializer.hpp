#pragma once

#include <braid/message.hpp>
#include <braid/recovery.hpp>
#include <braid/routing/deserializer.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// How values are made of payloads. A type says it of itself, once:
//
//   struct Event { static Event decode(std::string_view payload); };        // in the class
//   template <> struct braid::Decode<Event> { Event operator()(std::string_view payload) const; };   // beside it
//   template <> struct braid::Decode<Event> : braid::FromJson<Event> {};    // from JSON: <braid/json.hpp>
//
// and a topic may say otherwise (TopicBuilder::deserializer()). Each of these takes the payload or, to see key and
// headers too, a const Message&. They are not asked about tombstones.

namespace braid {

// A message's value could not be made: thrown by TypedMessage::value(), and a failed attempt with a known culprit
// where nobody catches it. Thread: any.
class DecodingFailed : public MessageFailed {
 public:
  // For functions that decode: `reason` without the position, which is put before it.
  DecodingFailed(const Message& message, const std::string& reason);
  // `cause` is what the decoding threw.
  DecodingFailed(const Message& message, const std::string& reason, std::exception_ptr cause, bool worth_retrying);

  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] PartitionNumber partition() const { return partition_; }
  // What the decoding threw; null where the reason says it all.
  [[nodiscard]] const std::exception_ptr& cause() const { return cause_; }
  // False, since the bytes do not change; true where memory was short.
  [[nodiscard]] bool worth_retrying() const noexcept override { return worth_retrying_; }

 private:
  std::string topic_;
  PartitionNumber partition_;
  std::exception_ptr cause_{};
  bool worth_retrying_ = false;
};

// How a type is made of a message where the topic does not say. Specialise it, or see above; without either the
// topic must name a deserializer.
template <class T>
struct Decode {};

namespace detail {

template <class Function>
inline constexpr bool takes_messages = std::is_invocable_v<const Function&, const Message&>;
template <class Function>
inline constexpr bool takes_payloads = std::is_invocable_v<const Function&, std::string_view>;

template <class T>
concept MadeOfMessages = requires(const Message& message) {
  { T::decode(message) } -> std::same_as<T>;
};
template <class T>
concept MadeOfPayloads = requires(std::string_view payload) {
  { T::decode(payload) } -> std::same_as<T>;
};

// Makes values of one type. Thread: const, from any.
template <class T>
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Requires that it has a payload.
  [[nodiscard]] virtual T decode(const Message& message) const = 0;
};

template <class T, class Function>
class FunctionDecoder final : public Decoder<T> {
 public:
  explicit FunctionDecoder(Function function = Function()) : function_(std::move(function)) {}
  [[nodiscard]] T decode(const Message& message) const override {
    if constexpr (takes_messages<Function>) {
      return function_(message);
    } else {
      return function_(message.payload());
    }
  }

 private:
  Function function_;
};

// The message's text; throws DecodingFailed.
[[nodiscard]] std::string_view text_of(const Message& message);
// Within a catch: says in a DecodingFailed what was thrown. A MessageFailed goes on as it is, so that whoever
// decodes may say more of it than we know.
[[noreturn]] void throw_decoding_failed(const Message& message);
[[noreturn]] void throw_tombstone(const Message& message);

template <class T>
inline constexpr bool is_text = std::same_as<T, std::string_view> || std::same_as<T, std::string>;
template <class T>
inline constexpr bool is_bytes =
    std::same_as<T, std::span<const std::byte>> || std::same_as<T, std::vector<std::byte>>;

template <class T>
struct FromText {
  T operator()(const Message& message) const { return T(text_of(message)); }
};
template <class T>
struct FromRaw {
  T operator()(std::string_view payload) const {
    if constexpr (is_text<T>) {
      return T(payload);
    } else {
      const auto bytes = std::as_bytes(std::span(payload.data(), payload.size()));
      return T(bytes.begin(), bytes.end());
    }
  }
};

template <class T>
concept DecodedByItself = takes_messages<Decode<T>> || takes_payloads<Decode<T>>;
template <class T>
concept DecodedFromJson = DecodedByItself<T> && requires {
  requires Decode<T>::format == routing::PayloadFormat::json;
};

}  // namespace detail

template <class T>
requires(detail::MadeOfMessages<T> || detail::MadeOfPayloads<T>) struct Decode<T> {
  static_assert(!(detail::MadeOfMessages<T> && detail::MadeOfPayloads<T>),
                "T::decode takes both a const Message& and a std::string_view, so it is not clear which one makes "
                "values of T: specialise braid::Decode<T>, or leave one of them out");
  T operator()(const Message& message) const requires detail::MadeOfMessages<T> { return T::decode(message); }
  T operator()(std::string_view payload) const requires detail::MadeOfPayloads<T> { return T::decode(payload); }
};
template <class T>
requires(detail::is_text<T> || detail::is_bytes<T>) struct Decode<T> : detail::FromRaw<T> {
};

namespace detail {

// What a type can be made from without a function of the topic's.
template <class T>
[[nodiscard]] routing::TakenValue taken_value_of() {
  static_assert(std::is_object_v<T> && std::same_as<T, std::remove_cv_t<T>>,
                "a value is of a plain type: no reference, no const");
  static_assert(!std::is_pointer_v<T>,
                "a pointer does not say who owns what it points to: take std::string_view for text and bytes, or a "
                "class");
  static_assert(std::is_move_constructible_v<T>, "a value is moved into its message, so its type must be movable");
  static_assert(!(takes_messages<Decode<T>> && takes_payloads<Decode<T>>),
                "braid::Decode<T> takes both a const Message& and a std::string_view, so it is not clear which one "
                "makes values of T: leave one of them out");
  return {.type = &typeid(T),
          .by_itself = DecodedByItself<T>,
          .raw = is_text<T> || is_bytes<T>,
          .text = is_text<T>,
          .json = DecodedFromJson<T>};
}

// Throws std::logic_error if `deserializer` makes no T.
void require_fit(const routing::Deserializer& deserializer, const routing::TakenValue& taken);

// What makes T's under that deserializer; lives as long as it does. Throws std::logic_error if nothing does.
template <class T>
[[nodiscard]] const Decoder<T>& decoder_for(const routing::Deserializer& deserializer) {
  require_fit(deserializer, taken_value_of<T>());
  if (deserializer.decoder) return *static_cast<const Decoder<T>*>(deserializer.decoder.get());
  if constexpr (is_text<T>) {
    static const FunctionDecoder<T, FromText<T>> text;
    if (deserializer.format == routing::PayloadFormat::text) return text;
  }
  if constexpr (is_text<T> || is_bytes<T>) {
    static const FunctionDecoder<T, FromRaw<T>> raw;
    if (deserializer.format == routing::PayloadFormat::raw) return raw;
  }
  if constexpr (DecodedByItself<T>) {
    static const FunctionDecoder<T, Decode<T>> by_itself;
    return by_itself;
  } else {
    std::terminate();  // require_fit() has thrown
  }
}

}  // namespace detail

}  // namespace braid

namespace braid::routing::detail {

template <class Function>
struct FunctionDeserializer {
  static constexpr bool of_messages = braid::detail::takes_messages<Function>;
  template <class F>
  static consteval bool of_payloads() {
    // Not asked of a function of messages: of a generic one it would not compile.
    if constexpr (of_messages) {
      return false;
    } else {
      return braid::detail::takes_payloads<F>;
    }
  }
  static_assert(of_messages || of_payloads<Function>(),
                "a deserializer is a function of const Message& or of std::string_view that returns the value; it "
                "is called on several workers at once, so it can't be mutable");

  static Deserializer of(Function function) {
    using Argument = std::conditional_t<of_messages, const Message&, std::string_view>;
    using T = std::remove_cvref_t<std::invoke_result_t<const Function&, Argument>>;
    static_assert(std::is_object_v<T>, "a deserializer returns the value");
    Deserializer made{.format = PayloadFormat::function, .type = &typeid(T)};
    // An empty std::function or a null pointer is left out, for validate() to find.
    bool empty = false;
    if constexpr (std::is_pointer_v<Function>) {
      empty = function == nullptr;
    } else if constexpr (requires { function.operator bool(); }) {
      empty = !static_cast<bool>(function);
    }
    if (!empty) {
      made.decoder = std::shared_ptr<const braid::detail::Decoder<T>>(
          std::make_shared<braid::detail::FunctionDecoder<T, Function>>(std::move(function)));
    }
    return made;
  }
};

}  // namespace braid::routing::detail
