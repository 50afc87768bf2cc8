#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/log.hpp"
#include "engine/worker/assignment.hpp"

#include <braid/message.hpp>

#include <cstdint>
#include <optional>

namespace braid::engine {

// Says of a partition that takes no more messages since a virtual partition's queue is full: which one that is, at
// which message and key it stands, and since when; again each minute, and when it is over. One that lasts for less
// than a look's distance is not worth a word.
// Thread: the listener's. A part of its runner.
class FullQueueWatch {
 public:
  struct Full {
    std::uint32_t index = 0;             // of the virtual partition
    std::uint32_t queued = 0;            // messages
    const Message* stands_at = nullptr;  // what the others wait for
  };

  FullQueueWatch(const Assignment& assignment, Log& log) : assignment_(assignment), log_(log) {}

  // Each second or so. None: no queue is full.
  void look(const std::optional<Full>& full, Time now);

 private:
  void say_full(const Full& full, Time now);
  void say_over(Time now);

  const Assignment& assignment_;
  Log& log_;
  std::optional<Time> since_;
  std::optional<Time> said_at_;
};

}  // namespace braid::engine
