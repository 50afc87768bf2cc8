#pragma once

#include <braid/routing/class_name.hpp>
#include <braid/routing/filters.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid::routing {

// The filters of users that routing files may name; a part of ConsumerRegistry.
// Thread: filled by one thread; const access from any.
//
//   registry.filters().add<OnlyOrders>();   // `filters: [{filter: OnlyOrders}]`
//   registry.filters().add("only_eu", [] { return std::make_unique<OnlyRegion>("eu"); });
class FilterRegistry {
 public:
  // A default-constructible filter class, under its class name or one of your choice. Throws std::invalid_argument
  // if the name is taken.
  template <class T>
  FilterRegistry& add() {
    return add<T>(filter_class_name<T>());
  }
  template <class T>
  FilterRegistry& add(std::string name) {
    static_assert(std::is_base_of_v<Filter, T>, "a filter must derive from braid::Filter");
    return add(std::move(name), [] { return std::make_unique<T>(); });
  }
  // Any function that makes a filter; it is called on listeners, several at once. Throws std::invalid_argument if
  // the name is empty or taken. An empty function is reported by the file that uses it.
  FilterRegistry& add(std::string name, FilterFactory factory);

  // The factory of that name; nullptr if there is none.
  [[nodiscard]] const FilterFactory* find(std::string_view name) const;
  // All names, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, FilterFactory, std::less<>> factories_;
};

}  // namespace braid::routing
