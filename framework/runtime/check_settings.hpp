#pragma once

#include <braid/routing/routes.hpp>
#include <braid/settings.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace braid::runtime {

// The longest time that a setting may say. Far from where adding to the clock would overflow.
inline constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);

// Everything that is wrong with an application's settings, in words; empty: nothing.
std::vector<std::string> check_settings(const Settings& settings);

// Options that routes may set and this version does not serve: refused, since a hook that is waited for and never
// comes is worse than none.
std::vector<std::string> check_served(const routing::Routes& routes);

}  // namespace braid::runtime
