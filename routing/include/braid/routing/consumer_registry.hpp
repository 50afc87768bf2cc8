#pragma once

#include <braid/routing/class_name.hpp>
#include <braid/routing/routes.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
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
    return add(std::move(name), [] { return std::make_unique<T>(); });
  }

  // Any function that makes a consumer; it is called on workers, several at once. Throws std::invalid_argument if
  // the name is empty or taken. An empty function is reported by the file that uses it.
  ConsumerRegistry& add(std::string name, ConsumerFactory factory);

  // The factory of that name; nullptr if there is none.
  [[nodiscard]] const ConsumerFactory* find(std::string_view name) const;

  // All names, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, ConsumerFactory, std::less<>> factories_;
};

}  // namespace braid::routing
