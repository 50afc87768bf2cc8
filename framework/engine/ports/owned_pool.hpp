#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/job_pool.hpp"

#include <braid/result.hpp>

#include <cstdint>

namespace braid::engine {

// A pool as its owner sees it. Thread: the owner's; resize() and what JobPool has, any.
class OwnedPool : public JobPool {
 public:
  virtual void start() = 0;
  // What is queued is finished, and nothing more is taken. Returns at the deadline at the latest, and how many
  // threads, or jobs, were not back by then.
  virtual std::uint32_t stop(Time deadline) = 0;
  // How many workers it is to have from now on; never waits for a job. An error: invalid_setting where there can't
  // be so many, closed behind stop(), or the system has no more threads, and there are as many as it gave.
  virtual Result<void> resize(std::uint32_t workers) = 0;
  // How many it is to have. 0: the host's executor knows.
  [[nodiscard]] virtual std::uint32_t size() const = 0;
};

}  // namespace braid::engine
