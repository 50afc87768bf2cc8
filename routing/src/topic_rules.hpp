#pragma once

#include <braid/routing/routes.hpp>

#include <string>
#include <vector>

namespace braid::routing {

// What one option of a topic has wrong, by itself or beside others.
struct Breach {
  std::string option;  // where it is set, as in OptionLocations
  std::string message;
};

// All of them, but for what concerns the name, the consumer and Kafka settings, and retries by themselves
// (recovery_rules.hpp). Pure.
[[nodiscard]] std::vector<Breach> breaches(const Topic& topic);

}  // namespace braid::routing
