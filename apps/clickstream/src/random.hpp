#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace clickstream {

/// Random numbers that are the same for a seed on every platform (xoshiro256**, seeded by splitmix64), which the
/// standard library's distributions do not promise. Integers only, for the same reason.
/// Thread: one at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15U;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
      mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
      word = mixed ^ (mixed >> 31U);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// A number in [0, limit), limit at least 1. The bias of the remainder is below limit / 2^64.
  std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }

  /// A number in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept { return low + below(high - low + 1); }

  /// True this often in a thousand.
  bool chance(std::uint64_t per_mille) noexcept { return below(1000) < per_mille; }

  template <class Value>
  void shuffle(std::vector<Value>& values) noexcept {
    for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[below(left)]);
  }

 private:
  static std::uint64_t rotate(std::uint64_t word, unsigned by) noexcept {
    return (word << by) | (word >> (64U - by));
  }

  std::uint64_t state_[4];
};

}  // namespace clickstream
