#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace braid::engine {

// The longest that jobs of one assignment were behind when they began, since somebody looked last.
// Thread: note() any; take() one. Figures only, so relaxed throughout.
class PickUpLags {
 public:
  struct Longest {
    std::chrono::milliseconds consumption{};
    std::chrono::microseconds processing{};
  };

  void note(std::chrono::milliseconds consumption, std::chrono::microseconds processing) {
    raise(consumption_, consumption.count());
    raise(processing_, processing.count());
  }
  // None: no job has begun since.
  [[nodiscard]] std::optional<Longest> take() {
    const std::int64_t consumption = consumption_.exchange(kNone, std::memory_order_relaxed);
    const std::int64_t processing = processing_.exchange(kNone, std::memory_order_relaxed);
    if (consumption == kNone && processing == kNone) return std::nullopt;
    return Longest{std::chrono::milliseconds(std::max<std::int64_t>(consumption, 0)),
                   std::chrono::microseconds(std::max<std::int64_t>(processing, 0))};
  }

 private:
  static constexpr std::int64_t kNone = -1;
  static void raise(std::atomic<std::int64_t>& longest, std::int64_t value) {
    std::int64_t before = longest.load(std::memory_order_relaxed);
    while (value > before && !longest.compare_exchange_weak(before, value, std::memory_order_relaxed)) {
    }
  }

  std::atomic<std::int64_t> consumption_{kNone};
  std::atomic<std::int64_t> processing_{kNone};
};

}  // namespace braid::engine
