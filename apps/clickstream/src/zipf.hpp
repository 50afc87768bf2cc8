#pragma once

#include "apps/clickstream/src/random.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace clickstream {

/// Draws ranks of which the low ones are frequent: rank r has the weight 1 / (r + 1 + flatness), by Zipf and
/// Mandelbrot. In integers, so that all platforms draw the same. Thread: constant after construction; any.
class Zipf {
 public:
  /// `count` ranks, at least 1. A greater `flatness` leaves the first ranks a smaller share.
  Zipf(std::size_t count, std::uint64_t flatness);

  /// A rank in [0, count).
  std::size_t draw(Random& random) const noexcept;

 private:
  std::vector<std::uint64_t> sums_;  // Of the weights of all ranks up to and with this one.
};

}  // namespace clickstream
