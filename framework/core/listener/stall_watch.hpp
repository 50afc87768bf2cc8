#pragma once

#include "core/time.hpp"

#include <braid/offset.hpp>

#include <cstdint>
#include <optional>

namespace braid::core {

// Whether a partition stands still: something waits there, and neither has its position advanced nor has anything
// been settled for a set time. Said once, and again rarely, as long as it lasts; and when it is over.
//
//   fine ──nothing moves for `after`──▶ stalled ──each 10 min, or 10 × `after`──▶ stalled
//     ▲                                    │
//     └──goes_on── it moves, or nothing waits
//
// Thread: none; pure. Owned by the assigned partition.
class StallWatch {
 public:
  // What moves when anything is done.
  struct Progress {
    std::uint64_t generation = 0;
    std::optional<CommitPosition> position{};
    std::uint64_t revision = 0;  // grows when something is settled behind the position
    friend bool operator==(const Progress&, const Progress&) = default;
  };
  enum class Verdict : std::uint8_t {
    fine,     // or nothing new to say
    stalled,  // to be said
    goes_on,  // it had been said
  };

  // Whether look() would say that it is stalled: worth finding out what is done meanwhile, and not told.
  [[nodiscard]] bool suspicious(Duration after, Time now) const;
  // Now and then. `after`: how long is too long; 0: never.
  Verdict look(bool waits, const Progress& progress, Duration after, Time now);
  // How long it had not moved at the last look that had something to say.
  [[nodiscard]] Duration stood() const { return stood_; }

 private:
  std::optional<Progress> last_;  // none: nothing waited
  Time since_{};
  Duration stood_{};
  std::optional<Time> said_at_;
};

}  // namespace braid::core
