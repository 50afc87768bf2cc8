#pragma once

#include <braid/routing/routes.hpp>

#include <cstdint>

// What a topic's settings for failures come to where some are left out. Thread: pure functions.

namespace braid::routing {

// Whether dead letters have somewhere to go; `topic: none` is somewhere.
[[nodiscard]] bool has_dead_letters(const Topic& topic);

// Attempts behind the first one. As `retries.max` says; where it says nothing: without limit where there are no
// dead letters, or `max_elapsed` is the limit, else 3. Under `commit: before_processing` 0, whatever else is said,
// since nothing is repeated there.
[[nodiscard]] std::uint32_t max_retries_of(const Topic& topic);

// Whether the rules can give a message up: the number of its retries, their time or their errors are limited. (A
// strategy, and the consumer itself, can in any case.)
[[nodiscard]] bool can_be_exhausted(const Topic& topic);

// What becomes of a message whose retries are used up. As `on_exhausted` says; where it says nothing: `dead_letter`
// where there are dead letters, else `skip` under `commit: before_processing`, where what failed is gone. In valid
// routes nobody has to ask otherwise; `stop` then, by which nothing is lost.
[[nodiscard]] OnExhausted on_exhausted_of(const Topic& topic);

}  // namespace braid::routing
