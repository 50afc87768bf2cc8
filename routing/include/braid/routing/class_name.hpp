#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>

namespace braid {
class Consumer;
class Filter;
}  // namespace braid

namespace braid::routing {

// A class's name without its namespaces, enclosing classes and functions: `Totals` for `shop::reports::Totals`.
// Template arguments stay as they are: `Totals<shop::Order>`.
[[nodiscard]] std::string class_name(const std::type_info& type);

// A type's whole name, as it is read: `shop::reports::Totals`.
[[nodiscard]] std::string qualified_class_name(const std::type_info& type);

// The same as class_name() for a name that is already readable.
[[nodiscard]] std::string unqualified(std::string_view qualified_name);

// The name of a consumer class: what routing files call it, unless it is registered under another one.
template <class T>
[[nodiscard]] std::string consumer_class_name() {
  static_assert(std::is_base_of_v<Consumer, T>, "a consumer must derive from braid::Consumer");
  return class_name(typeid(T));
}

// The same of a filter class.
template <class T>
[[nodiscard]] std::string filter_class_name() {
  static_assert(std::is_base_of_v<Filter, T>, "a filter must derive from braid::Filter");
  return class_name(typeid(T));
}

}  // namespace braid::routing
