#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace braid::core {

// What one connection of a subscription group has to do, at one moment.
struct ConnectionLoad {
  std::uint32_t number = 0;  // its own within the group
  bool settled = false;      // has joined: is neither being made, nor restarted, nor left
  std::uint32_t partitions = 0;
  std::uint64_t waiting = 0;  // messages of these that it has not taken
};

// Decides when a subscription group gets a connection more or one fewer. One more when a connection holds several
// partitions and they lag, since another one would take some of them; one fewer when one holds none. There must be
// reason for `delay` without a break, and what was reason before a change counts no more behind it: each change is
// a rebalance, behind which loads say nothing for a while.
//
// A connection that was added and got nothing, since the group's strategy had nothing to give to it, is left again;
// from then on the next one waits twice as long, up to 64 times, until the group's partitions are others.
//
// Pure. Thread: the owner's.
class Scaling {
 public:
  // Fewer messages than that are on their way rather than waiting.
  static constexpr std::uint64_t kLag = 1000;

  struct Settings {
    std::uint32_t min = 1;
    std::uint32_t max = 1;
    Duration delay{};
  };
  struct Decision {
    enum class Change : std::uint8_t { none, more, fewer };
    Change change = Change::none;
    std::uint32_t number = 0;  // of the connection to make, the lowest that is free; or to leave
    ConnectionLoad because{};  // of whom
    Duration since{};          // how long it has been so
  };

  explicit Scaling(Settings settings) : settings_(settings) {}

  // `loads`: of all connections that there are, whatever they do. To be called about once a second.
  [[nodiscard]] Decision decide(Time now, std::span<const ConnectionLoad> loads);

 private:
  enum class Reason : std::uint8_t { lags, idle };
  struct Held {
    Reason reason;
    Time since;
  };
  void note(Time now, std::span<const ConnectionLoad> loads);
  void judge_newcomer(std::span<const ConnectionLoad> loads);
  [[nodiscard]] Decision one_fewer(Time now, std::span<const ConnectionLoad> loads);
  [[nodiscard]] Decision one_more(Time now, std::span<const ConnectionLoad> loads);

  Settings settings_;
  std::map<std::uint32_t, Held> reasons_;  // by connection: what holds of it, and since when
  std::optional<std::uint32_t> newcomer_;  // added, and was given nothing yet
  std::uint32_t in_vain_ = 0;              // connections that were added and left without ever having held anything
  std::uint64_t partitions_then_ = 0;      // of all, when the last of these was left
};

}  // namespace braid::core
