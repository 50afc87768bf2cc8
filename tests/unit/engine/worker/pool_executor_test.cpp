// What has started goes on in the pool's second queue; and the pool as an Asio executor.

#include "engine/worker/pool_executor.hpp"

#include "engine/threads/latch_flag.hpp"
#include "engine/worker/describe_failure.hpp"
#include "engine/worker/worker_pool.hpp"
#include "unit/engine/bell.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::Bell;

class Call final : public Job {
 public:
  explicit Call(std::function<void()> run, std::function<void()> abandon = {})
      : run_(std::move(run)), abandon_(std::move(abandon)) {}
  void run() noexcept override { run_(); }
  void abandon() noexcept override {
    if (abandon_) abandon_();
  }

 private:
  std::function<void()> run_;
  std::function<void()> abandon_;
};

class PoolExecutorTest : public testing::Test {
 protected:
  std::shared_ptr<WorkerPool> start(std::uint32_t workers) {
    pool_ = std::make_shared<WorkerPool>(workers, "test-w-", [this](const std::exception_ptr& failure) {
      failure_ = describe_failure(failure);
      bell_.notify();
    });
    pool_->start();
    return pool_;
  }
  void TearDown() override {
    if (pool_) stop();
  }
  // At the end of each test whose jobs are on its stack.
  void stop() { EXPECT_EQ(std::exchange(pool_, nullptr)->stop(std::chrono::steady_clock::now() + 30s), 0U); }
  // Keeps the only worker busy until `gate` is raised.
  void occupy(LatchFlag& gate) {
    static_cast<void>(pool_->try_submit(jobs_.emplace_back([&] {
      inside_.raise();
      EXPECT_TRUE(gate.wait_until(std::chrono::steady_clock::now() + 30s));
    })));
    ASSERT_TRUE(inside_.wait_until(std::chrono::steady_clock::now() + 30s));
  }

  std::shared_ptr<WorkerPool> pool_;
  std::deque<Call> jobs_;
  LatchFlag inside_;
  Bell bell_;
  std::string failure_;
};

TEST_F(PoolExecutorTest, ResumptionsGoFirstAndAreNeverRefused) {
  start(1);
  LatchFlag gate;
  occupy(gate);
  std::vector<char> order;
  Call submitted([&] {
    order.push_back('s');
    bell_.notify();
  });
  Call resumed([&] { order.push_back('r'); });
  while (pool_->try_submit(submitted)) {
  }
  for (int i = 0; i < 10; ++i) pool_->resume(resumed);
  gate.raise();
  ASSERT_TRUE(bell_.wait_for_rings(64));
  ASSERT_GE(order.size(), 11U);
  stop();
  EXPECT_EQ(std::string(order.begin(), order.begin() + 11), "rrrrrrrrrrs");
}

// A coroutine that only ever yields.
TEST_F(PoolExecutorTest, ResumptionsWithoutEndDoNotKeepJobsFromStarting) {
  start(1);
  std::atomic<bool> enough{false};
  std::atomic<bool> ran{false};
  WorkerPool* const pool = pool_.get();
  Call endless([&] {
    if (!enough) pool->resume(endless);
  });
  pool_->resume(endless);
  Call job([&] {
    ran = true;
    bell_.notify();
  });
  ASSERT_TRUE(pool_->try_submit(job));
  EXPECT_TRUE(bell_.wait([&] { return ran.load(); }));
  enough = true;
  stop();
}

TEST_F(PoolExecutorTest, AsioRunsOnTheWorkers) {
  start(2);
  const boost::asio::any_io_executor executor = *pool_->executor();
  EXPECT_EQ(executor, *pool_->executor());
  std::string name;
  boost::asio::post(executor, [&] {
    char text[16];
    pthread_getname_np(pthread_self(), text, sizeof text);
    name = text;
    bell_.notify();
  });
  ASSERT_TRUE(bell_.wait_for_rings(1));
  EXPECT_EQ(name.rfind("test-w-", 0), 0U);
}

TEST_F(PoolExecutorTest, TimersFireOnTheWorkers) {
  start(2);
  boost::asio::steady_timer timer(*pool_->executor(), 1ms);
  std::string name;
  timer.async_wait([&](const boost::system::error_code& error) {
    EXPECT_FALSE(error);
    char text[16];
    pthread_getname_np(pthread_self(), text, sizeof text);
    name = text;
    bell_.notify();
  });
  ASSERT_TRUE(bell_.wait_for_rings(1));
  EXPECT_EQ(name.rfind("test-w-", 0), 0U);
}

TEST_F(PoolExecutorTest, WhatAPostedFunctionThrowsIsReportedAndTheWorkerGoesOn) {
  start(1);
  boost::asio::post(*pool_->executor(), [] { throw std::runtime_error("stray"); });
  ASSERT_TRUE(bell_.wait_for_rings(1));
  EXPECT_EQ(failure_, "std::runtime_error: stray");
  boost::asio::post(*pool_->executor(), [&] { bell_.notify(); });
  EXPECT_TRUE(bell_.wait_for_rings(2));
}

TEST_F(PoolExecutorTest, BehindTheEndResumptionsAreAbandoned) {
  start(2);
  ASSERT_EQ(pool_->stop(std::chrono::steady_clock::now() + 30s), 0U);
  int ran = 0;
  int abandoned = 0;
  Call late([&] { ++ran; }, [&] { ++abandoned; });
  pool_->resume(late);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(abandoned, 1);
  // And a function is destroyed, with all that it holds.
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  boost::asio::post(*pool_->executor(), [held = std::move(held)] { ADD_FAILURE() << "it ran"; });
  EXPECT_TRUE(watched.expired());
  pool_.reset();
}

// Whoever resumes while the last worker ends: each resumption runs or is abandoned, once.
TEST_F(PoolExecutorTest, NoneIsLostWhileThePoolEnds) {
  for (int round = 0; round < 300; ++round) {
    auto pool = std::make_shared<WorkerPool>(2, "test-w-");
    pool->start();
    std::atomic<int> ended{0};
    std::deque<Call> calls;
    for (int i = 0; i < 200; ++i) calls.emplace_back([&] { ++ended; }, [&] { ++ended; });
    std::thread foreign([&] {
      for (Call& call : calls) pool->resume(call);
    });
    for (int i = 0; i < round % 50; ++i) std::this_thread::yield();
    ASSERT_EQ(pool->stop(std::chrono::steady_clock::now() + 30s), 0U);
    foreign.join();
    ASSERT_EQ(ended, 200) << "in round " << round;
  }
}

TEST_F(PoolExecutorTest, APoolThatNeverStartedAbandonsToo) {
  int abandoned = 0;
  Call call([] { ADD_FAILURE() << "it ran"; }, [&] { ++abandoned; });
  std::make_shared<WorkerPool>(1, "test-w-")->resume(call);
  EXPECT_EQ(abandoned, 1);
}

}  // namespace
}  // namespace braid::engine
