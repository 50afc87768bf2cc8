#pragma once

#include "engine/ports/job_pool.hpp"
#include "simulation/world.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace braid::simulation {

// The pool whose workers move only when chosen: any queued job may be the next to begin, and a job may be left in
// its middle. Thread: one.
class SteppedPool final : public engine::JobPool {
 public:
  SteppedPool(World& world, int process, std::uint32_t workers, std::size_t queue_limit);

  bool try_submit(engine::Job& job) override;
  void resume(engine::Job& job) override;
  bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, std::chrono::milliseconds most,
            const std::function<bool()>& done) override;
  void notify_when_room(engine::Notifier& notifier) override;
  void cancel(engine::Notifier& notifier) override;

  // A free worker begins any of the queued jobs. False: there is none free, or nothing queued.
  bool begin_one();
  [[nodiscard]] bool can_begin() const;
  // Nothing queued, nobody at work.
  [[nodiscard]] bool quiet() const { return queue_.empty() && resumed_.empty() && at_work_ == 0; }
  // Workers end when they are free. Requires quiet().
  void end();

 private:
  struct Worker {
    Task* task = nullptr;
    engine::Job* job = nullptr;
  };
  void work(std::size_t index);
  engine::Job* take_one();

  World& world_;
  std::size_t queue_limit_;
  std::vector<engine::Job*> queue_;
  std::vector<engine::Job*> resumed_;  // has no limit, and goes first
  std::vector<engine::Notifier*> wait_for_room_;
  std::vector<Worker> workers_;
  std::size_t at_work_ = 0;
  bool ending_ = false;
};

}  // namespace braid::simulation
