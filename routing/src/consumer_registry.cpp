#include "text.hpp"

#include <braid/routing/consumer_registry.hpp>

#include <stdexcept>

namespace braid::routing {

ConsumerRegistry& ConsumerRegistry::add(std::string name, ConsumerFactory factory, bool asynchronous) {
  if (name.empty()) throw std::invalid_argument("a consumer must be registered under a name that is not empty");
  const auto [place, added] = factories_.try_emplace(std::move(name), std::move(factory));
  if (!added) throw std::invalid_argument("a consumer named " + quoted(place->first) + " is registered already");
  if (asynchronous) asynchronous_.insert(place->first);
  return *this;
}

const ConsumerFactory* ConsumerRegistry::find(std::string_view name) const {
  const auto place = factories_.find(name);
  return place == factories_.end() ? nullptr : &place->second;
}

ConsumerRegistry& ConsumerRegistry::add_deserializer(std::string name, Deserializer deserializer) {
  if (name.empty()) throw std::invalid_argument("a deserializer must be registered under a name that is not empty");
  const auto [place, added] = deserializers_.try_emplace(std::move(name), std::move(deserializer));
  if (!added) throw std::invalid_argument("a deserializer named " + quoted(place->first) + " is there already");
  return *this;
}

std::optional<TakenValue> ConsumerRegistry::taken_value(std::string_view name) const {
  const auto place = taken_values_.find(name);
  return place == taken_values_.end() ? std::nullopt : std::optional(place->second);
}

const Deserializer* ConsumerRegistry::find_deserializer(std::string_view name) const {
  const auto place = deserializers_.find(name);
  return place == deserializers_.end() ? nullptr : &place->second;
}

std::vector<std::string> ConsumerRegistry::deserializer_names() const {
  std::vector<std::string> result;
  for (const auto& [name, deserializer] : deserializers_) result.push_back(name);
  return result;
}

std::vector<std::string> ConsumerRegistry::names() const {
  std::vector<std::string> result;
  for (const auto& [name, factory] : factories_) result.push_back(name);
  return result;
}

}  // namespace braid::routing
