#include "text.hpp"

#include <braid/routing/class_name.hpp>
#include <braid/routing/deserializer.hpp>

#include <string>
#include <string_view>

namespace braid::routing {

namespace {

// With namespaces, since two types that differ may share the rest of their name.
std::string name_of(const std::type_info& type) {
  if (type == typeid(std::string)) return "std::string";
  if (type == typeid(std::string_view)) return "std::string_view";
  return qualified_class_name(type);
}

std::string not_made_from(const TakenValue& taken, std::string_view format) {
  const std::string name = name_of(*taken.type);
  return "deserializer: " + std::string(format) + " makes no " + name + ", which the consumer takes";
}

}  // namespace

std::string misfit(const Deserializer& deserializer, const TakenValue& taken) {
  if (deserializer.type != nullptr) {
    if (!deserializer.decoder) return "the deserializer's function is missing";
    if (*deserializer.type == *taken.type) return {};
    return "deserializer: it makes " + name_of(*deserializer.type) + ", and the consumer takes " +
           name_of(*taken.type);
  }
  switch (deserializer.format) {
    case PayloadFormat::by_type:
      if (taken.by_itself) return {};
      return "deserializer: it is missing, since " + name_of(*taken.type) +
             ", which the consumer takes, has no braid::Decode of its own";
    case PayloadFormat::raw:
      return taken.raw ? "" : not_made_from(taken, "raw") + "; it makes strings and bytes";
    case PayloadFormat::text:
      return taken.text ? "" : not_made_from(taken, "text") + "; it makes std::string_view and std::string";
    case PayloadFormat::json:
      return taken.json ? ""
                        : not_made_from(taken, "json") +
                              "; derive its braid::Decode from braid::FromJson, or use "
                              "braid::json<T>()";
    case PayloadFormat::function:
      return "the deserializer's function is missing";
  }
  return {};
}

std::string to_text(const Deserializer& deserializer) {
  const std::string type = deserializer.type != nullptr ? name_of(*deserializer.type) : "";
  switch (deserializer.format) {
    case PayloadFormat::by_type:
      return "as the consumer's type says";
    case PayloadFormat::raw:
      return "raw";
    case PayloadFormat::text:
      return "text";
    case PayloadFormat::json:
      return type.empty() ? "JSON" : "JSON of " + type;
    case PayloadFormat::function:
      return type.empty() ? "a function" : "a function that makes " + type;
  }
  return "?";
}

}  // namespace braid::routing
