#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace braid::simulation {

// Chance, from a seed: the same on every machine and in every release, which <random>'s distributions do not
// promise. (splitmix64.) Thread: one.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 0x1234567u) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // In [0, count); count at least 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  // In [least, most].
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most - least + 1));
  }
  // True in so many of 1,000 cases.
  bool chance(std::uint32_t of_thousand) { return next() % 1000 < of_thousand; }

  template <class T>
  T& one_of(std::vector<T>& values) {
    return values[below(values.size())];
  }
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace braid::simulation
