#pragma once

#include <braid/routing/class_name.hpp>
#include <braid/routing/routes.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid::routing {

// The consumers that routing files may name.
// Thread: filled by one thread; const access from any.
//
//   ConsumerRegistry registry;
//   registry.add<Totals>();                       // `consumer: Totals`
//   registry.add<Totals>("totals_by_day");        // the same class by another name
//   registry.add("audit", [&] { return std::make_unique<Audit>(store); });
class ConsumerRegistry {
 public:
  // A default-constructible consumer class, under its class name. Throws std::invalid_argument if the name is
  // taken.
  template <class T>
  ConsumerRegistry& add() {
    return add<T>(consumer_class_name<T>());
  }

  // The same under a name of your choice.
  template <class T>
  ConsumerRegistry& add(std::string name) {
    static_assert(std::is_base_of_v<Consumer, T>, "a consumer must derive from braid::Consumer");
    return add(
        std::move(name), [] { return std::make_unique<T>(); }, std::is_base_of_v<AsyncConsumer, T>);
  }

  // Any function that makes a consumer; it is called on workers, several at once. `asynchronous`: what it makes is
  // an AsyncConsumer. Throws std::invalid_argument if the name is empty or taken. An empty function is reported by
  // the file that uses it.
  ConsumerRegistry& add(std::string name, ConsumerFactory factory, bool asynchronous = false);

  // The factory of that name; nullptr if there is none.
  [[nodiscard]] const ConsumerFactory* find(std::string_view name) const;

  // Whether that name's consumers are coroutines.
  [[nodiscard]] bool asynchronous(std::string_view name) const { return asynchronous_.contains(name); }

  // All names, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, ConsumerFactory, std::less<>> factories_;
  std::set<std::string, std::less<>> asynchronous_;
};

}  // namespace braid::routing
