#include "engine/threads/latch_flag.hpp"
#include "engine/worker/worker_pool.hpp"
#include "unit/engine/bell.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
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

class Call final : public Job {
 public:
  explicit Call(std::function<void()> function) : function_(std::move(function)) {}
  void run() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

// A job that many workers may be in at once; they stay until it is opened.
class Room final : public Job {
 public:
  void run() noexcept override {
    inside_.fetch_add(1);
    bell_.notify();
    gate_.wait_until(soon());
    inside_.fetch_sub(1);
    bell_.notify();
  }
  bool wait_for(std::uint32_t inside) {
    return bell_.wait([&] { return inside_.load() == inside; });
  }
  void open() { gate_.raise(); }

 private:
  std::atomic<std::uint32_t> inside_{0};
  Bell bell_;
  LatchFlag gate_;
};

class WorkerPoolResize : public testing::Test {
 protected:
  void start(std::uint32_t workers) {
    pool_ = std::make_shared<WorkerPool>(workers, "resize-w-");
    pool_->start();
  }
  void TearDown() override {
    if (pool_) stop();
  }
  // At the end of each test whose jobs use what is on its stack.
  void stop() { EXPECT_EQ(pool_->stop(soon()), 0U); }
  void resize(std::uint32_t workers) {
    const auto resized = pool_->resize(workers);
    ASSERT_TRUE(resized) << resized.error().text();
  }
  void submit(Job& job, std::uint32_t times = 1) {
    for (; times > 0; --times) {
      while (!pool_->try_submit(job)) std::this_thread::yield();
    }
  }
  // As the system sees them.
  static std::set<std::string> worker_names() {
    std::set<std::string> names;
    std::error_code gone;  // a thread that ends while we look
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
      std::string name;
      std::ifstream(task.path() / "comm") >> name;
      if (name.starts_with("resize-w-")) names.insert(name);
    }
    return names;
  }
  static ::testing::AssertionResult come_to(std::size_t workers) {
    const Time deadline = soon();
    while (worker_names().size() != workers) {
      if (std::chrono::steady_clock::now() > deadline) {
        return ::testing::AssertionFailure() << worker_names().size() << " workers, not " << workers;
      }
      std::this_thread::yield();
    }
    return ::testing::AssertionSuccess();
  }

  std::shared_ptr<WorkerPool> pool_;
};

TEST_F(WorkerPoolResize, MoreWorkersRunMoreJobsAtOnce) {
  start(1);
  Room room;
  submit(room, 6);
  EXPECT_TRUE(room.wait_for(1));
  resize(6);
  EXPECT_TRUE(room.wait_for(6)) << "what was queued is taken by those that came";
  room.open();
  stop();
}

TEST_F(WorkerPoolResize, SurplusWorkersThatParkedEnd) {
  start(8);
  Room room;
  submit(room, 8);
  ASSERT_TRUE(room.wait_for(8));
  room.open();
  EXPECT_TRUE(room.wait_for(0));
  resize(2);
  EXPECT_TRUE(come_to(2));
  Room rest;
  submit(rest, 2);
  EXPECT_TRUE(rest.wait_for(2)) << "those that stay work";
  rest.open();
  stop();
}

TEST_F(WorkerPoolResize, NeitherWaitsForAJobNorCutsItShort) {
  start(4);
  Room room;
  submit(room, 4);
  ASSERT_TRUE(room.wait_for(4));
  resize(1);
  EXPECT_EQ(pool_->size(), 1U);
  EXPECT_EQ(worker_names().size(), 4U) << "all are in user code";
  // Their number is taken at once, as each comes out: what waits behind is run by the one that stays.
  std::atomic<std::uint32_t> inside{0};
  std::atomic<std::uint32_t> inside_most{0};
  std::atomic<std::uint32_t> ran{0};
  Bell done;
  Call alone([&] {
    const std::uint32_t now = inside.fetch_add(1) + 1;
    if (now > inside_most.load()) inside_most = now;
    std::this_thread::yield();
    inside.fetch_sub(1);
    if (ran.fetch_add(1) + 1 == 60) done.notify();
  });
  submit(alone, 60);
  room.open();
  EXPECT_TRUE(done.wait_for_rings(1));
  EXPECT_EQ(inside_most, 1U) << "a surplus worker took a job";
  EXPECT_TRUE(come_to(1));
  stop();
}

TEST_F(WorkerPoolResize, WhoWasToEndAndHasNotStays) {
  start(4);
  Room room;
  submit(room, 4);
  ASSERT_TRUE(room.wait_for(4));
  resize(1);
  resize(4);
  EXPECT_EQ(worker_names(), (std::set<std::string>{"resize-w-0", "resize-w-1", "resize-w-2", "resize-w-3"}));
  room.open();
  EXPECT_TRUE(room.wait_for(0));
  Room again;
  submit(again, 4);
  EXPECT_TRUE(again.wait_for(4));
  again.open();
  stop();
}

TEST_F(WorkerPoolResize, ANameComesOnce) {
  start(2);
  ASSERT_TRUE(come_to(2));
  resize(1);
  ASSERT_TRUE(come_to(1));
  const std::set<std::string> stayed = worker_names();
  ASSERT_EQ(stayed.size(), 1U);
  resize(2);
  ASSERT_TRUE(come_to(2));
  EXPECT_TRUE(worker_names().contains("resize-w-2"));
  EXPECT_TRUE(worker_names().contains(*stayed.begin()));
}

TEST_F(WorkerPoolResize, TheQueueFollowsTheSize) {
  start(1);
  Room room;
  submit(room);
  ASSERT_TRUE(room.wait_for(1));
  Call nothing([] {});
  std::uint32_t queued = 0;
  while (pool_->try_submit(nothing)) ++queued;
  ASSERT_EQ(queued, 64U);
  Bell room_again;
  pool_->notify_when_room(room_again);
  // The workers that come are kept busy too, so nothing makes room but the new limit.
  for (int i = 0; i < 99; ++i) pool_->resume(room);
  resize(100);
  EXPECT_TRUE(room.wait_for(100));
  EXPECT_TRUE(room_again.wait_for_rings(1));
  while (pool_->try_submit(nothing)) ++queued;
  EXPECT_EQ(queued, 200U);
  resize(1);
  EXPECT_FALSE(pool_->try_submit(nothing));
  room.open();
  stop();
}

// Jobs come without a pause, from several threads, while the pool goes up and down: each runs once, none is left.
TEST_F(WorkerPoolResize, NoJobIsLostOverAnyNumberOfSizes) {
  start(3);
  constexpr std::uint32_t kSubmitters = 2;
  constexpr std::uint32_t kEach = 20'000;
  std::atomic<std::uint32_t> ran{0};
  Bell done;
  Call count([&] {
    if (ran.fetch_add(1, std::memory_order_acq_rel) + 1 == kSubmitters * kEach) done.notify();
  });
  std::vector<std::thread> submitters;
  for (std::uint32_t i = 0; i < kSubmitters; ++i) submitters.emplace_back([&] { submit(count, kEach); });
  for (std::uint32_t round = 0; ran.load() < kSubmitters * kEach && round < 2'000; ++round) {
    resize(round % 2 == 0 ? 1 : 1 + round % 7);
  }
  for (std::thread& submitter : submitters) submitter.join();
  EXPECT_TRUE(done.wait_for_rings(1)) << ran << " ran";
  resize(2);
  EXPECT_TRUE(come_to(2));
  stop();
}

// One job at a time, to a pool of which the others are just ending: a wake-up that goes to one of them and ends
// with it leaves the job lying.
TEST_F(WorkerPoolResize, NoWakeUpEndsWithAWorker) {
  start(4);
  Bell bell;
  Call ring([&] { bell.notify(); });
  for (std::uint64_t round = 1; round <= 3'000; ++round) {
    resize(round % 2 == 0 ? 4 : 1);
    submit(ring);
    ASSERT_TRUE(bell.wait_for_rings(round)) << "in round " << round;
  }
  stop();
}

TEST_F(WorkerPoolResize, AJobMayDoIt) {
  start(1);
  Bell bell;
  Room room;
  Call grow([&] {
    EXPECT_TRUE(pool_->resize(3));
    bell.notify();
  });
  Call shrink([&] {
    EXPECT_TRUE(pool_->resize(1));
    bell.notify();
  });
  submit(grow);
  ASSERT_TRUE(bell.wait_for_rings(1));
  submit(room, 3);
  EXPECT_TRUE(room.wait_for(3));
  room.open();
  submit(shrink);
  ASSERT_TRUE(bell.wait_for_rings(2));
  EXPECT_TRUE(come_to(1));
  stop();
}

TEST_F(WorkerPoolResize, BeforeTheStartItIsWhatStarts) {
  pool_ = std::make_shared<WorkerPool>(5, "resize-w-");
  resize(1);
  resize(2);
  pool_->start();
  EXPECT_TRUE(come_to(2));
}

TEST_F(WorkerPoolResize, BehindTheStopItIsRefused) {
  start(2);
  stop();
  const auto resized = pool_->resize(3);
  ASSERT_FALSE(resized);
  EXPECT_EQ(resized.error().kind(), Error::Kind::closed);
  EXPECT_TRUE(come_to(0));
}

TEST_F(WorkerPoolResize, SizesThatCannotBeAreRefused) {
  start(2);
  for (const std::uint32_t workers : {0U, 10'001U}) {
    const auto resized = pool_->resize(workers);
    ASSERT_FALSE(resized);
    EXPECT_EQ(resized.error().kind(), Error::Kind::invalid_setting);
  }
  EXPECT_EQ(pool_->size(), 2U);
}

TEST_F(WorkerPoolResize, AStopMayComeInBetween) {
  for (int round = 0; round < 200; ++round) {
    start(3);
    std::atomic<std::uint32_t> ran{0};
    Call count([&] { ran.fetch_add(1); });
    std::thread resizer([pool = pool_] {
      for (std::uint32_t i = 0; i < 50; ++i) {
        const auto resized = pool->resize(1 + i % 5);
        if (!resized && resized.error().kind() == Error::Kind::closed) return;
      }
    });
    submit(count, 20);
    stop();
    resizer.join();
    ASSERT_EQ(ran, 20U) << "in round " << round;
  }
  EXPECT_TRUE(come_to(0));
}

}  // namespace
}  // namespace braid::engine
