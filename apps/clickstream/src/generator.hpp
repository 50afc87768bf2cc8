#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>

namespace clickstream {

/// Told now and then how many events have been written.
using GeneratorProgress = std::function<void(std::uint64_t events_done)>;

/// Writes a header and `events` lines of an invented shop's clickstream: visits of Zipf-like users to Zipf-like
/// products, views that lead to carts, removals and purchases, times that never fall (" UTC"), some empty category
/// codes and brands, line feeds as line ends. The same bytes for the same `events` and `seed` on every platform.
/// Ends early if the stream fails, which the caller finds in its state. Throws what the stream or progress throws.
void generate_events(std::uint64_t events, std::uint64_t seed, std::ostream& out,
                     const GeneratorProgress& progress = {});

}  // namespace clickstream
