#include "apps/clickstream/src/zipf.hpp"

#include <algorithm>

namespace clickstream {

Zipf::Zipf(std::size_t count, std::uint64_t flatness) {
  // Sums of up to some millions of weights stay below 2^64, and the last weights are still far above 1.
  constexpr std::uint64_t scale = std::uint64_t{1} << 40U;
  sums_.reserve(count);
  std::uint64_t sum = 0;
  for (std::size_t rank = 0; rank < count; ++rank) sums_.push_back(sum += scale / (rank + 1 + flatness));
}

std::size_t Zipf::draw(Random& random) const noexcept {
  const auto found = std::upper_bound(sums_.begin(), sums_.end(), random.below(sums_.back()));
  return static_cast<std::size_t>(found - sums_.begin());
}

}  // namespace clickstream
