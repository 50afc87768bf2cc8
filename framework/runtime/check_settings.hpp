#pragma once

#include <string>
#include <vector>

#include <braid/settings.hpp>

namespace braid::runtime {

// Everything that is wrong with an application's settings, in words; empty: nothing.
std::vector<std::string> check_settings(const Settings& settings);

}  // namespace braid::runtime
