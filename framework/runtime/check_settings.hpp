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

// How long a subscription group's revoked partitions are waited for: drain_on_revoke, but at most half of
// max.poll.interval.ms. The group takes everything from a member that has not come back from a revocation by then.
[[nodiscard]] std::chrono::milliseconds drain_of(const Settings& settings, const routing::SubscriptionGroup& group);
// The longest of them.
[[nodiscard]] std::chrono::milliseconds longest_drain(const Settings& settings, const routing::Routes& routes);
// Subscription groups for which drain_on_revoke is longer than that, in words, for the log.
[[nodiscard]] std::vector<std::string> find_long_drains(const Settings& settings, const routing::Routes& routes);

// Hooks that routes ask for and that will never be called, in words, for the log. `ends_are_told`: the client
// library says when a partition's end is reached.
std::vector<std::string> find_silent_hooks(const routing::Routes& routes, bool ends_are_told);

}  // namespace braid::runtime
