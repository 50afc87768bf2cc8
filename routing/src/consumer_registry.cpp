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

std::vector<std::string> ConsumerRegistry::names() const {
  std::vector<std::string> result;
  for (const auto& [name, factory] : factories_) result.push_back(name);
  return result;
}

}  // namespace braid::routing
