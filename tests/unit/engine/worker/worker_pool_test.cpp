#include "engine/worker/worker_pool.hpp"

#include "engine/threads/latch_flag.hpp"
#include "unit/engine/bell.hpp"

#include <gtest/gtest.h>

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::Bell;

Time soon() {
  return std::chrono::steady_clock::now() + 30s;
}

// A job that calls a function; the test keeps it.
class Call final : public Job {
 public:
  explicit Call(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

class WorkerPoolTest : public testing::Test {
 protected:
  std::shared_ptr<WorkerPool> start(std::uint32_t workers) {
    pool_ = std::make_shared<WorkerPool>(workers, "test-w-");
    pool_->start();
    return pool_;
  }
  void TearDown() override {
    if (pool_) stop();
  }
  // At the end of each test whose jobs use what is on its stack.
  void stop() { EXPECT_EQ(pool_->stop(soon()), 0U); }
  // Submits, however full the queue is.
  void submit(Job& job) {
    while (!pool_->try_submit(job)) std::this_thread::yield();
  }
  // Keeps a worker in a job until `gate` is raised; returns when it is in there.
  void occupy_one(LatchFlag& gate) {
    LatchFlag inside;
    Call& job = jobs_.emplace_back([&inside, &gate] {
      inside.raise();
      gate.wait_until(soon());
    });
    submit(job);
    ASSERT_TRUE(inside.wait_until(soon()));
  }
  // Submits jobs that do nothing until one is refused; returns how many were not.
  std::uint32_t fill() {
    std::uint32_t accepted = 0;
    while (pool_->try_submit(nothing_)) ++accepted;
    return accepted;
  }

  std::deque<Call> jobs_;
  Call nothing_{[] {}};
  std::shared_ptr<WorkerPool> pool_;
};

TEST_F(WorkerPoolTest, EverySubmittedJobRunsExactlyOnce) {
  constexpr std::size_t kSubmitters = 4;
  constexpr std::size_t kEach = 25'000;
  start(3);
  Bell done;
  std::atomic<std::size_t> ran{0};
  struct Counted final : Job {
    std::atomic<std::uint32_t> runs{0};
    std::atomic<std::size_t>* ran = nullptr;
    Bell* done = nullptr;
    void run() noexcept override {
      runs.fetch_add(1, std::memory_order_relaxed);
      if (ran->fetch_add(1, std::memory_order_acq_rel) + 1 == kSubmitters * kEach) done->notify();
    }
  };
  std::vector<Counted> jobs(kSubmitters * kEach);
  for (Counted& job : jobs) {
    job.ran = &ran;
    job.done = &done;
  }
  std::vector<std::thread> submitters;
  for (std::size_t s = 0; s < kSubmitters; ++s) {
    submitters.emplace_back([&, s] {
      for (std::size_t i = 0; i < kEach; ++i) submit(jobs[s * kEach + i]);
    });
  }
  for (std::thread& submitter : submitters) submitter.join();
  EXPECT_TRUE(done.wait_for_rings(1));
  stop();
  for (const Counted& job : jobs) ASSERT_EQ(job.runs.load(), 1U);
}

// One job at a time to a pool that has gone idle, or is about to: a lost wake-up leaves it lying.
TEST_F(WorkerPoolTest, NoWakeUpIsLostByAnIdlePool) {
  start(3);
  Bell bell;
  Call ring([&] { bell.notify(); });
  for (std::uint64_t round = 1; round <= 20'000; ++round) {
    submit(ring);
    ASSERT_TRUE(bell.wait_for_rings(round)) << "in round " << round;
    // Around the end of the workers' spinning is where it would happen.
    if (round % 16 == 0) {
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(round % 50);
      while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    }
  }
  stop();
}

// Two jobs at once that can only end together: both must find a worker, though one submission may wake nobody.
TEST_F(WorkerPoolTest, TwoJobsAtOnceWakeTwoWorkers) {
  start(2);
  Bell bell;
  for (std::uint64_t round = 0; round < 3000; ++round) {
    std::atomic<int> inside{0};
    std::atomic<bool> stuck{false};
    Call meet([&] {
      inside.fetch_add(1);
      const Time deadline = soon();
      while (inside.load() < 2 && !stuck) {
        if (std::chrono::steady_clock::now() > deadline) stuck = true;
        std::this_thread::yield();
      }
      bell.notify();
    });
    submit(meet);
    submit(meet);
    ASSERT_TRUE(bell.wait_for_rings(2 * round + 2));
    ASSERT_FALSE(stuck) << "in round " << round;
  }
  stop();
}

TEST_F(WorkerPoolTest, AFullQueueRefuses) {
  start(1);
  LatchFlag gate;
  occupy_one(gate);
  EXPECT_GT(fill(), 0U);
  EXPECT_FALSE(pool_->try_submit(nothing_));
  gate.raise();
  stop();
}

TEST_F(WorkerPoolTest, WhoAskedIsToldOnceWhenThereIsRoomAgain) {
  start(1);
  LatchFlag gate;
  occupy_one(gate);
  fill();
  Bell room;
  pool_->notify_when_room(room);
  pool_->notify_when_room(room);
  EXPECT_EQ(room.rung(), 0U);
  gate.raise();
  EXPECT_TRUE(room.wait_for_rings(1));
  EXPECT_TRUE(pool_->try_submit(nothing_));
  stop();
  EXPECT_EQ(room.rung(), 1U);
}

TEST_F(WorkerPoolTest, WhoCancelledIsNotTold) {
  start(1);
  LatchFlag gate;
  occupy_one(gate);
  fill();
  Bell cancelled;
  Bell room;
  pool_->notify_when_room(cancelled);
  pool_->notify_when_room(room);
  pool_->cancel(cancelled);
  gate.raise();
  EXPECT_TRUE(room.wait_for_rings(1));
  stop();
  EXPECT_EQ(cancelled.rung(), 0U);
}

// A submitter that waits for room whenever it is refused gets everything through.
TEST_F(WorkerPoolTest, NoRoomIsMissed) {
  start(2);
  Bell room;
  std::atomic<std::uint32_t> ran{0};
  Call count([&] { ran.fetch_add(1, std::memory_order_relaxed); });
  constexpr std::uint32_t kJobs = 50'000;
  std::uint64_t rings = 0;
  for (std::uint32_t i = 0; i < kJobs;) {
    if (pool_->try_submit(count)) {
      ++i;
      continue;
    }
    pool_->notify_when_room(room);
    if (pool_->try_submit(count)) {
      ++i;
      continue;
    }
    ASSERT_TRUE(room.wait_for_rings(++rings)) << "after " << i << " jobs";
    rings = room.rung();
  }
  stop();
  EXPECT_EQ(ran, kJobs);
}

TEST_F(WorkerPoolTest, StopRunsWhatIsQueued) {
  start(2);
  LatchFlag gate;
  occupy_one(gate);
  occupy_one(gate);
  std::atomic<int> ran{0};
  Call count([&] { ran.fetch_add(1); });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool_->try_submit(count));
  gate.raise();
  stop();
  EXPECT_EQ(ran, 20);
}

TEST_F(WorkerPoolTest, StopRunsWhatAJobSubmitsMeanwhile) {
  start(1);
  LatchFlag gate;
  std::atomic<bool> ran{false};
  Call second([&] { ran = true; });
  LatchFlag inside;
  Call first([&] {
    inside.raise();
    gate.wait_until(soon());
    EXPECT_TRUE(pool_->try_submit(second));
  });
  submit(first);
  ASSERT_TRUE(inside.wait_until(soon()));
  std::thread opener([&] { gate.raise(); });
  stop();
  opener.join();
  EXPECT_TRUE(ran);
}

TEST_F(WorkerPoolTest, AnIdlePoolStopsAtOnce) {
  for (int i = 0; i < 200; ++i) {
    auto pool = std::make_shared<WorkerPool>(3, "test-w-");
    pool->start();
    EXPECT_EQ(pool->stop(soon()), 0U);
  }
}

// Its worker is let go, counted, and ends with its job, when nobody else knows of the pool any more.
TEST_F(WorkerPoolTest, AJobStuckAtTheDeadlineIsLeftBehindAndEndsHarmlessly) {
  auto gate = std::make_shared<LatchFlag>();
  auto left = std::make_shared<LatchFlag>();
  LatchFlag inside;
  auto pool = std::make_shared<WorkerPool>(2, "test-w-");
  pool->start();
  // The job goes with its function, since the test does not outlive it in a way it could rely on.
  struct Stuck final : Job {
    std::shared_ptr<LatchFlag> gate;
    std::shared_ptr<LatchFlag> left;
    LatchFlag* inside = nullptr;
    void run() noexcept override {
      inside->raise();
      gate->wait_until(soon());
      left->raise();
    }
  };
  Stuck job;
  job.gate = gate;
  job.left = left;
  job.inside = &inside;
  ASSERT_TRUE(pool->try_submit(job));
  ASSERT_TRUE(inside.wait_until(soon()));
  EXPECT_EQ(pool->stop(std::chrono::steady_clock::now() + 10ms), 1U);
  const std::weak_ptr<WorkerPool> rest = pool;
  pool.reset();
  EXPECT_FALSE(rest.expired()) << "the worker that is left holds the pool";
  gate->raise();
  EXPECT_TRUE(left->wait_until(soon()));
  const Time deadline = soon();
  while (!rest.expired() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(rest.expired());
}

TEST_F(WorkerPoolTest, WorkersAreNamedByTheirNumber) {
  start(3);
  LatchFlag gate;
  Bell bell;
  std::mutex mutex;
  std::set<std::string> names;
  Call tell([&] {
    char text[16] = {};
    ::pthread_getname_np(::pthread_self(), text, sizeof text);
    {
      const std::lock_guard lock(mutex);
      names.insert(text);
    }
    bell.notify();
    gate.wait_until(soon());
  });
  for (int i = 0; i < 3; ++i) submit(tell);
  ASSERT_TRUE(bell.wait_for_rings(3));
  gate.raise();
  stop();
  EXPECT_EQ(names, (std::set<std::string>{"test-w-0", "test-w-1", "test-w-2"}));
}

TEST(WorkerPoolDeathTest, MustBeStopped) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  // A started pool is held by its workers; what the assertion sees is one whose owner never came to stop it.
  EXPECT_DEATH(
      {
        auto* pool = new std::shared_ptr<WorkerPool>(std::make_shared<WorkerPool>(1, "test-w-"));
        (*pool)->start();
        (*pool)->~WorkerPool();
      },
      "ends only after stop");
}

}  // namespace
}  // namespace braid::engine
