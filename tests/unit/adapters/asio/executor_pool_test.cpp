#include "adapters/asio/executor_pool.hpp"

#include "unit/engine/bell.hpp"
#include "unit/engine/engine_world.hpp"

#include <braid/async_consumer.hpp>
#include <braid/handler.hpp>
#include <braid/routing/draw.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace braid::adapters {
namespace {

using namespace std::chrono_literals;
using engine::Mail;
using test_support::Bell;
using test_support::EngineWorld;

engine::Time soon() {
  return std::chrono::steady_clock::now() + 30s;
}

class Call final : public engine::Job {
 public:
  explicit Call(std::function<void()> run = {}) : run_(std::move(run)) {}
  void run() noexcept override {
    ++ran;
    if (run_) run_();
  }
  void abandon() noexcept override { ++abandoned; }
  std::atomic<int> ran{0};
  std::atomic<int> abandoned{0};

 private:
  std::function<void()> run_;
};

TEST(ExecutorPool, RunsJobsOnTheHostsExecutor) {
  boost::asio::io_context host;
  auto pool = std::make_shared<ExecutorPool>(host.get_executor(), 4);
  Call job;
  EXPECT_TRUE(pool->try_submit(job));
  EXPECT_EQ(job.ran, 0);
  host.run();
  EXPECT_EQ(job.ran, 1);
  EXPECT_EQ(pool->stop(soon()), 0U);
}

TEST(ExecutorPool, IsBoundedAndTellsWhenThereIsRoom) {
  boost::asio::io_context host;
  auto pool = std::make_shared<ExecutorPool>(host.get_executor(), 4);
  Bell bell;
  Call job;
  Call resumed;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(pool->try_submit(job));
  EXPECT_FALSE(pool->try_submit(job));
  pool->notify_when_room(bell);
  EXPECT_FALSE(pool->try_submit(job));
  pool->resume(resumed);  // never refused
  EXPECT_EQ(bell.rung(), 0U);
  host.run();
  EXPECT_EQ(bell.rung(), 1U);
  EXPECT_EQ(job.ran, 4);
  EXPECT_EQ(resumed.ran, 1);
  EXPECT_TRUE(pool->try_submit(job));
  host.restart();
  host.run();
  EXPECT_EQ(pool->stop(soon()), 0U);
}

TEST(ExecutorPool, ItsThreadsAreTheHostsToChange) {
  boost::asio::io_context host;
  const auto pool = std::make_shared<ExecutorPool>(host.get_executor(), 64);
  const auto resized = pool->resize(2);
  ASSERT_FALSE(resized);
  EXPECT_EQ(resized.error().kind(), Error::Kind::invalid_setting);
  EXPECT_NE(resized.error().text().find("the host's executor"), std::string::npos) << resized.error().text();
}

TEST(ExecutorPool, AStopWaitsForWhatWasPosted) {
  boost::asio::thread_pool host(1);
  auto pool = std::make_shared<ExecutorPool>(host.get_executor(), 64);
  Call job([] { std::this_thread::yield(); });
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(pool->try_submit(job));
  EXPECT_EQ(pool->stop(soon()), 0U);
  EXPECT_EQ(job.ran, 50);
  EXPECT_FALSE(pool->try_submit(job));
  pool->resume(job);
  EXPECT_EQ(job.abandoned, 1);
  EXPECT_EQ(job.ran, 50);
  host.join();
}

TEST(ExecutorPool, AStopGivesUpAtItsDeadline) {
  Call job;                      // outlives the host, which abandons it at its end
  boost::asio::io_context host;  // which nobody runs
  auto pool = std::make_shared<ExecutorPool>(host.get_executor(), 4);
  EXPECT_TRUE(pool->try_submit(job));
  EXPECT_EQ(pool->stop(std::chrono::steady_clock::now()), 1U);
}

TEST(ExecutorPool, WhatAnExecutorDropsIsAbandoned) {
  auto host = std::make_unique<boost::asio::io_context>();
  auto pool = std::make_shared<ExecutorPool>(host->get_executor(), 4);
  Call job;
  EXPECT_TRUE(pool->try_submit(job));
  pool->resume(job);
  host.reset();
  EXPECT_EQ(job.ran, 0);
  EXPECT_EQ(job.abandoned, 2);
  EXPECT_EQ(pool->stop(std::chrono::steady_clock::now()), 0U);
}

// A share that is dropped leaves its partition's jobs, or a later generation would wait for it for ever.
TEST(ExecutorPool, ADroppedShareIsBusyNoMore) {
  auto host = std::make_unique<boost::asio::io_context>();
  EngineWorld world(2);
  {
    const engine::BatchPtr batch = world.batch(std::make_shared<ExecutorPool>(host->get_executor(), 4), 0, 3);
    batch->start();
    EXPECT_EQ(world.jobs->inside(), 2U);
    host.reset();
  }
  EXPECT_TRUE(world.jobs->idle());
  EXPECT_EQ(world.script.made, 0);
  EXPECT_TRUE(world.owner->released_once(0, 3));
}

TEST(ExecutorPool, CoroutinesRunThereToo) {
  boost::asio::thread_pool host(2);
  auto pool = std::make_shared<ExecutorPool>(host.get_executor(), 64);
  EngineWorld world(8);
  std::atomic<int> seen{0};
  std::atomic<bool> stray{false};
  world.topic().consumer =
      routing::draw([&](routing::RoutesBuilder& r) {
        r.consumer_group("g").topic("events").handle([&](Batch batch) -> boost::asio::awaitable<void> {
          boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 1ms);
          co_await timer.async_wait(boost::asio::use_awaitable);
          if (!host.get_executor().running_in_this_thread()) stray = true;
          seen += static_cast<int>(batch.size());
        });
      })
          .consumer_groups[0]
          .subscription_groups[0]
          .topics[0]
          .consumer;
  {
    const engine::BatchPtr batch = world.batch(pool, 0, 15);
    batch->start();
    EXPECT_TRUE(world.next_is(Mail::Kind::batch_settled));
    EXPECT_TRUE(world.wait_until_idle());
  }
  EXPECT_EQ(seen, 16);
  EXPECT_FALSE(stray);
  EXPECT_EQ(pool->stop(soon()), 0U);
  host.join();
}

}  // namespace
}  // namespace braid::adapters
