#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/job_pool.hpp"

#include <cstdint>

namespace braid::engine {

// A pool as its owner sees it. Thread: the owner's; what JobPool has, any.
class OwnedPool : public JobPool {
 public:
  virtual void start() = 0;
  // What is queued is finished, and nothing more is taken. Returns at the deadline at the latest, and how many
  // threads, or jobs, were not back by then.
  virtual std::uint32_t stop(Time deadline) = 0;
};

}  // namespace braid::engine
