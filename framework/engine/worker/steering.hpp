#pragma once

#include "engine/ports/clock.hpp"
#include "engine/ports/consumer_client.hpp"
#include "engine/ports/job_pool.hpp"
#include "engine/threads/guarded_by.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace braid {
class SeekTarget;
}

namespace braid::engine {

// What consumers ask of one partition, for as long as a connection has it: that it pauses, that it goes on
// elsewhere. It is held from the moment they ask, so that nothing starts behind it; the listener takes note of the
// rest and lets go of it.
//
//   pause(), seek() ──▶ held ──look() finds neither a pause nor a seek──▶ not held
//
// Thread: pause(), resume(), seek(), paused(), held() any; the rest the listener's. Shared by the listener, the
// partition's assignments, and whoever has a PartitionControl.
class Steering {
 public:
  // `listener` is notified of each call; none in tests that look themselves.
  explicit Steering(std::shared_ptr<Notifier> listener = nullptr) : listener_(std::move(listener)) {}

  // `duration`: none is until resume().
  void pause(std::optional<Duration> duration);
  void resume();
  void seek(const StartPoint& target);
  [[nodiscard]] static StartPoint start_point_of(const SeekTarget& target);
  [[nodiscard]] bool paused() const;
  // Acquire: who finds it not held sees what was done before it was let go.
  [[nodiscard]] bool held() const { return held_.load(std::memory_order_acquire); }

  // Begins and ends pauses, and lets go where nothing is left to wait for. A seek goes on holding.
  void look(Time now);
  [[nodiscard]] bool wants_seek() const;
  // The last seek asked for, once; what it holds is let go by the next look().
  [[nodiscard]] std::optional<StartPoint> take_seek();
  // When look() ends a pause.
  [[nodiscard]] std::optional<Time> wakes_at() const;
  // The connection has the partition no more: what is asked from now on does nothing.
  void close();

 private:
  void tell();

  const std::shared_ptr<Notifier> listener_;
  // Written under mutex_. Only look() lowers it, so that a pause which follows a resume() is not lost between them.
  std::atomic<bool> held_{false};
  mutable std::mutex mutex_;  // rare
  bool paused_ BRAID_GUARDED_BY(mutex_) = false;
  std::optional<Duration> duration_ BRAID_GUARDED_BY(mutex_);  // of a pause that look() has not seen yet
  std::optional<Time> until_ BRAID_GUARDED_BY(mutex_);
  std::optional<StartPoint> seek_ BRAID_GUARDED_BY(mutex_);
  bool closed_ BRAID_GUARDED_BY(mutex_) = false;
};

}  // namespace braid::engine
