#include "text.hpp"

#include <braid/routing/filter_registry.hpp>

#include <stdexcept>

namespace braid::routing {

FilterRegistry& FilterRegistry::add(std::string name, FilterFactory factory) {
  if (name.empty()) throw std::invalid_argument("a filter must be registered under a name that is not empty");
  const auto [place, added] = factories_.try_emplace(std::move(name), std::move(factory));
  if (!added) throw std::invalid_argument("a filter named " + quoted(place->first) + " is registered already");
  return *this;
}

const FilterFactory* FilterRegistry::find(std::string_view name) const {
  const auto place = factories_.find(name);
  return place == factories_.end() ? nullptr : &place->second;
}

std::vector<std::string> FilterRegistry::names() const {
  std::vector<std::string> result;
  for (const auto& [name, factory] : factories_) result.push_back(name);
  return result;
}

}  // namespace braid::routing
