#pragma once

#include <braid/deserializer.hpp>
#include <braid/message.hpp>

#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <concepts>

// Values from JSON, by Boost.JSON. Not in <braid/braid.hpp>: who wants it includes it.
//
//   Event tag_invoke(boost::json::value_to_tag<Event>, const boost::json::value& json);   // as Boost.JSON has it
//   template <> struct braid::Decode<Event> : braid::FromJson<Event> {};   // Event is made from JSON, or
//   topic.deserializer(braid::json<Event>());                              // in this topic it is

namespace braid {

namespace detail {

// Throws DecodingFailed with the place where it is no JSON, nests too deep (32), or has more behind it.
[[nodiscard]] boost::json::value json_of(const Message& message);

}  // namespace detail

// Makes T's from JSON: boost::json::value itself, or what boost::json::value_to makes of it. Thread: any.
template <class T>
struct FromJson {
  static constexpr routing::PayloadFormat format = routing::PayloadFormat::json;
  T operator()(const Message& message) const {
    if constexpr (std::same_as<T, boost::json::value>) {
      return detail::json_of(message);
    } else {
      return boost::json::value_to<T>(detail::json_of(message));
    }
  }
};

template <>
struct Decode<boost::json::value> : FromJson<boost::json::value> {};

// A topic's payloads are JSON that makes T's, whatever they are made from elsewhere.
template <class T>
[[nodiscard]] routing::Deserializer json() {
  auto made = routing::detail::FunctionDeserializer<FromJson<T>>::of(FromJson<T>());
  made.format = routing::PayloadFormat::json;
  return made;
}

}  // namespace braid
