#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace braid::adapters {

// Finds a partition that is assigned and not fetched: librdkafka says nothing of those whose stored position it
// could not read for an error of the whole request, or whose fetcher did not start. Looked at now and then; pure.
//
// Thread: the listener's.
class QuietWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `heard` grows whenever anything comes of the partition: messages, its end, or that nothing waits for it. True:
  // nothing has for too long, and whatever is done about that is done now. Each time in a row the patience doubles.
  [[nodiscard]] bool too_quiet(std::uint64_t heard, Time now) {
    if (heard != heard_ || !since_) {
      heard_ = heard;
      since_ = now;
      patience_ = kPatience;
      return false;
    }
    if (now - *since_ < patience_) return false;
    since_ = now;
    patience_ = std::min(2 * patience_, kPatienceMost);
    return true;
  }

 private:
  static constexpr std::chrono::seconds kPatience{5};
  static constexpr std::chrono::seconds kPatienceMost{60};

  std::uint64_t heard_ = 0;
  std::optional<Time> since_;
  std::chrono::seconds patience_ = kPatience;
};

}  // namespace braid::adapters
