#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace braid::faults {

// What chance decides in one lane of a random mix: which thing goes wrong next, to whom, for how long. The same for
// the same seed and lane, however long the things take. Thread: any one.
class MixSchedule {
 public:
  MixSchedule(std::uint64_t seed, std::uint64_t lane) : random_(seed * 1'000'003 + lane) {}

  // 0 to below `count`.
  [[nodiscard]] int one_of(int count) { return static_cast<int>(random_() % static_cast<std::uint64_t>(count)); }
  [[nodiscard]] int between(int least, int most) { return least + one_of(most - least + 1); }

 private:
  std::mt19937_64 random_;
};

}  // namespace braid::faults
