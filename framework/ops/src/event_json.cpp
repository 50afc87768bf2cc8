#include "event_json.hpp"

#include "json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace braid::ops {

namespace {

namespace json = boost::json;

// A list of partitions may be as long as a group's assignment.
constexpr std::size_t kMostInList = 100;

json::value text(std::string_view text) {
  return json::value(json::string(valid_utf8(text)));
}

template <class T>
json::value value_of(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return text(events::name_of(value));
  } else {
    return json::value(value);
  }
}
json::value value_of(const std::string& value) {
  return text(value);
}
template <class Rep, class Period>
json::value value_of(const std::chrono::duration<Rep, Period>& value) {
  return value.count();
}
template <class T>
json::value value_of(const std::optional<T>& value) {
  return value ? value_of(*value) : json::value(nullptr);
}
json::value value_of(const events::TopicPartition& value) {
  return json::object{{"topic", text(value.topic)},
                      {"partition", value.partition},
                      {"position", value.position < 0 ? json::value(nullptr) : json::value(value.position)}};
}
template <class T>
json::value value_of(const std::vector<T>& values) {
  json::array array;
  for (const T& value : values) {
    if (array.size() == kMostInList) break;
    array.push_back(value_of(value));
  }
  return array;
}

template <class T>
struct Unit {
  static constexpr std::string_view kSuffix = "";
};
template <>
struct Unit<events::Milliseconds> {
  static constexpr std::string_view kSuffix = "_ms";
};
template <>
struct Unit<events::Microseconds> {
  static constexpr std::string_view kSuffix = "_us";
};
template <class T>
struct Unit<std::optional<T>> : Unit<T> {};

}  // namespace

json::object event_object(const Event& event) {
  json::object object{{"event", text(event_name(event.index()))}};
  std::visit(
      [&](const auto& each) {
        visit_fields(each, [&](std::string_view name, const auto& value) {
          const auto suffix = Unit<std::remove_cvref_t<decltype(value)>>::kSuffix;
          object[std::string(name) + std::string(suffix)] = value_of(value);
        });
      },
      event);
  return object;
}

std::string what_repeats(const Event& event) {
  std::string about = std::to_string(event.index());
  std::visit(
      [&](const auto& each) {
        visit_fields(each, [&](std::string_view name, const auto& value) {
          using T = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_same_v<T, std::string>) {
            if (name != "waits_for" && name != "what") about += '\n' + value;
          } else if constexpr (std::integral<T>) {
            if (name == "partition" || name == "virtual_partition" || name == "connection") {
              about += '\n' + std::to_string(value);
            }
          }
        });
      },
      event);
  return about;
}

}  // namespace braid::ops
