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
// The max.poll.interval.ms of a subscription group's connections, which the client has accepted.
[[nodiscard]] std::chrono::milliseconds longest_poll(const Settings& settings,
                                                     const routing::SubscriptionGroup& group);

// Hooks that routes ask for and that will never be called, in words, for the log. `ends_are_told`: the client
// library says when a partition's end is reached.
std::vector<std::string> find_silent_hooks(const routing::Routes& routes, bool ends_are_told);

}  // namespace braid::runtime
