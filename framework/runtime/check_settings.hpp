#pragma once

#include <braid/settings.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace braid::runtime {

// The longest time that a setting may say. Far from where adding to the clock would overflow.
inline constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);

// Everything that is wrong with an application's settings, in words; empty: nothing.
std::vector<std::string> check_settings(const Settings& settings);

}  // namespace braid::runtime
