#pragma once

#include <braid/routing/class_name.hpp>
#include <braid/routing/filter_registry.hpp>
#include <braid/routing/routes.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace braid::routing {

// The consumers, the filters and the deserializers that routing files may name.
// Thread: filled by one thread; const access from any.
//
//   ConsumerRegistry registry;
//   registry.add<Totals>();                       // `consumer: Totals`
//   registry.add<Totals>("totals_by_day");        // the same class by another name
//   registry.add("audit", [&] { return std::make_unique<Audit>(store); });
//   registry.add_deserializer("event_v1", &parse_event);   // `deserializer: event_v1`
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
    const std::string kept = name;
    add(
        std::move(name), [] { return std::make_unique<T>(); }, std::is_base_of_v<AsyncConsumer, T>);
    if (const auto taken = detail::taken_value<T>()) taken_values_.emplace(kept, *taken);
    return *this;
  }

  // Any function that makes a consumer; it is called on workers, several at once. `asynchronous`: what it makes is
  // an AsyncConsumer. Throws std::invalid_argument if the name is empty or taken. An empty function is reported by
  // the file that uses it.
  ConsumerRegistry& add(std::string name, ConsumerFactory factory, bool asynchronous = false);

  // What `deserializer: NAME` means, beside `raw`, `text` and `json`. Throws std::invalid_argument if the name is
  // empty, one of those or taken.
  ConsumerRegistry& add_deserializer(std::string name, Deserializer deserializer);
  // The same of a function of const Message&, or of the payload as a std::string_view, that returns the value.
  template <class Function>
  requires(!std::is_convertible_v<Function, Deserializer>) ConsumerRegistry& add_deserializer(std::string name,
                                                                                              Function function) {
    return add_deserializer(std::move(name), detail::FunctionDeserializer<Function>::of(std::move(function)));
  }

  // The factory of that name; nullptr if there is none.
  [[nodiscard]] const ConsumerFactory* find(std::string_view name) const;

  // Whether that name's consumers are coroutines.
  [[nodiscard]] bool asynchronous(std::string_view name) const { return asynchronous_.contains(name); }

  // What that name's consumers take, where their class is known to take values.
  [[nodiscard]] std::optional<TakenValue> taken_value(std::string_view name) const;

  // The deserializer of that name, registered or not; nullptr if there is none.
  [[nodiscard]] const Deserializer* find_deserializer(std::string_view name) const;
  // All names of these, sorted.
  [[nodiscard]] std::vector<std::string> deserializer_names() const;

  // All names, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

  // The filters that routing files may name.
  [[nodiscard]] FilterRegistry& filters() { return filters_; }
  [[nodiscard]] const FilterRegistry& filters() const { return filters_; }

 private:
  FilterRegistry filters_;
  std::map<std::string, ConsumerFactory, std::less<>> factories_;
  std::set<std::string, std::less<>> asynchronous_;
  std::map<std::string, TakenValue, std::less<>> taken_values_;
  std::map<std::string, Deserializer, std::less<>> deserializers_{
      {"raw", raw()}, {"text", text()}, {"json", json()}};
};

}  // namespace braid::routing
