#include "engine/listener/dispatcher.hpp"
#include "engine/worker/describe_failure.hpp"
#include "engine/worker/farewell_round.hpp"
#include "engine/worker/pool_executor.hpp"
#include "engine/worker/worker_pool.hpp"
#include "unit/engine/engine_world.hpp"

#include <braid/async_consumer.hpp>
#include <braid/braid.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
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
using boost::asio::awaitable;
using boost::asio::use_awaitable;
using test_support::EngineWorld;
using test_support::SteppedPool;
using Kind = Mail::Kind;

// A pool that runs coroutines when the test says so. Thread: one.
class SteppedAsyncPool final : public JobPool {
 public:
  bool try_submit(Job& job) override { return steps.try_submit(job); }
  void resume(Job& job) override { steps.resume(job); }
  void notify_when_room(Notifier& notifier) override { steps.notify_when_room(notifier); }
  void cancel(Notifier& notifier) override { steps.cancel(notifier); }
  [[nodiscard]] const boost::asio::any_io_executor* executor() const override { return &context_.executor(); }
  SteppedPool steps;

 private:
  PoolContext context_{*this, {}};
};

// What a coroutine waits at until the test opens it.
class Door {
 public:
  awaitable<void> pass() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) {
          auto kept = std::make_shared<decltype(handler)>(std::move(handler));
          open_ = [kept, executor = boost::asio::get_associated_executor(*kept)] {
            boost::asio::post(executor, [kept] { std::move (*kept)(); });
          };
        },
        use_awaitable);
  }
  [[nodiscard]] bool waits() const { return static_cast<bool>(open_); }
  void open() { std::exchange(open_, nullptr)(); }

 private:
  std::function<void()> open_;
};

awaitable<void> wait_for(std::chrono::steady_clock::duration time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  if (time == std::chrono::steady_clock::duration::max()) {
    timer.expires_at(std::chrono::steady_clock::time_point::max());
  } else {
    timer.expires_after(time);
  }
  co_await timer.async_wait(use_awaitable);
}

awaitable<void> wait_for_ever() {
  return wait_for(std::chrono::steady_clock::duration::max());
}

// What a test makes of a coroutine consumer.
struct AsyncScript {
  std::function<awaitable<void>(Batch)> consume;
  std::function<void(const VirtualPartition&)> farewell;
  std::atomic<int> alive{0};
};

class ScriptedAsync final : public AsyncConsumer {
 public:
  explicit ScriptedAsync(std::shared_ptr<AsyncScript> script) : script_(std::move(script)) { ++script_->alive; }
  ~ScriptedAsync() override { --script_->alive; }

 protected:
  awaitable<void> consume(Batch batch) override { return script_->consume(std::move(batch)); }
  void on_revoked(const VirtualPartition& where) override { say(where); }
  void on_stopping(const VirtualPartition& where) override { say(where); }

 private:
  void say(const VirtualPartition& where) {
    if (script_->farewell) script_->farewell(where);
  }
  std::shared_ptr<AsyncScript> script_;
};

// Says when a coroutine's frame is gone.
class Guard {
 public:
  explicit Guard(std::atomic<int>& count) : count_(&count) {}
  Guard(Guard&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  ~Guard() {
    if (count_ != nullptr) ++*count_;
  }

 private:
  std::atomic<int>* count_;
};

void use(EngineWorld& world, const std::shared_ptr<AsyncScript>& script) {
  world.topic().consumer = [script] { return std::make_unique<ScriptedAsync>(script); };
}

// A job leaves the partition's count before it lets go of its batch.
bool released(EngineWorld& world, std::int64_t first, std::int64_t last) {
  return world.bell->wait([&] { return world.owner->released_once(first, last) || (world.bell->notify(), false); });
}

// --- stepped

class AsyncConsumerTest : public testing::Test {
 protected:
  AsyncConsumerTest() { use(world_, script_); }
  void start() {
    batch_->start();
    pool_->steps.run_all();
  }
  std::string failure() {
    const auto mail = world_.mailbox->take();
    if (!mail || mail->kind != Kind::share_open) return "";
    std::string text = describe_failure(mail->share->failure());
    Mailbox::settle(*mail);
    return text;
  }
  Share& share() { return batch_->shares()[0]; }

  EngineWorld world_{1};
  std::shared_ptr<AsyncScript> script_ = std::make_shared<AsyncScript>();
  std::shared_ptr<SteppedAsyncPool> pool_ = std::make_shared<SteppedAsyncPool>();
  BatchPtr batch_ = world_.batch(pool_, 10, 14);
  Door door_;
};

TEST_F(AsyncConsumerTest, KeepsItsVirtualPartitionBusyAndNoThread) {
  script_->consume = [&](Batch) -> awaitable<void> { co_await door_.pass(); };
  start();
  EXPECT_TRUE(door_.waits());
  EXPECT_EQ(pool_->steps.size() + pool_->steps.resumed(), 0U);
  EXPECT_FALSE(world_.jobs->idle());
  EXPECT_EQ(share().marked(), 0U);
  EXPECT_EQ(world_.counters->jobs_running, 1U);
  EXPECT_FALSE(share().waits_for_ticket()) << "no ticket of the user's, so it is never overdue";
  door_.open();
  pool_->steps.run_all();
  EXPECT_TRUE(world_.next_is(Kind::batch_settled));
  EXPECT_TRUE(world_.jobs->idle());
  EXPECT_EQ(share().marked(), 5U);
  EXPECT_EQ(world_.counters->jobs_running, 0U);
}

TEST_F(AsyncConsumerTest, AnExceptionFailsTheAttempt) {
  script_->consume = [&](Batch batch) -> awaitable<void> {
    batch.mark(batch[1]);
    co_await door_.pass();
    throw std::runtime_error("refused");
  };
  start();
  door_.open();
  pool_->steps.run_all();
  EXPECT_EQ(failure(), "std::runtime_error: refused");
  EXPECT_EQ(share().marked(), 2U) << "what was marked stays";
  EXPECT_TRUE(world_.jobs->idle());
  std::vector<std::int64_t> seen;
  script_->consume = [&](Batch batch) -> awaitable<void> {
    for (const Message& message : batch) seen.push_back(message.offset().value);
    co_return;
  };
  share().begin_next_attempt();
  ASSERT_TRUE(batch_->submit(share()));
  pool_->steps.run_all();
  EXPECT_TRUE(world_.next_is(Kind::batch_settled));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{12, 13, 14}));
}

TEST_F(AsyncConsumerTest, AFunctionThatThrowsBeforeItIsACoroutineFailsTheAttempt) {
  script_->consume = [](Batch) -> awaitable<void> { throw std::runtime_error("no coroutine yet"); };
  start();
  EXPECT_EQ(failure(), "std::runtime_error: no coroutine yet");
}

TEST_F(AsyncConsumerTest, NeedsNoTicketAndGetsNone) {
  script_->consume = [](Batch batch) -> awaitable<void> {
    (void)batch.defer();
    co_return;
  };
  start();
  EXPECT_EQ(failure().rfind("std::logic_error", 0), 0U);
}

TEST_F(AsyncConsumerTest, APoolWithoutAnExecutorFailsTheAttempt) {
  script_->consume = [](Batch) -> awaitable<void> { co_return; };
  auto plain = std::make_shared<SteppedPool>();
  const BatchPtr batch = world_.batch(plain, 20, 21);
  batch->start();
  plain->run_all();
  EXPECT_EQ(failure(), "std::logic_error: this pool runs no coroutines");
}

TEST_F(AsyncConsumerTest, TheFarewellWaitsForItsEnd) {
  std::vector<std::string> told;
  script_->consume = [&](Batch) -> awaitable<void> {
    co_await door_.pass();
    told.emplace_back("consumed");
  };
  script_->farewell = [&](const VirtualPartition&) { told.emplace_back("farewell"); };
  start();
  Dispatcher dispatcher(pool_, world_.bell);
  auto round = std::make_shared<FarewellRound>(world_.assignment, FarewellKind::stopping);
  world_.assignment->move_to(Assignment::Phase::ending);
  round->send(dispatcher);
  pool_->steps.run_all();
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(script_->alive, 1);
  door_.open();
  pool_->steps.run_all();
  EXPECT_EQ(told, (std::vector<std::string>{"consumed", "farewell"}));
  EXPECT_EQ(script_->alive, 0);
  EXPECT_TRUE(world_.next_is(Kind::batch_settled)) << "a wait that can't be cancelled goes to its end, and counts";
  EXPECT_TRUE(world_.jobs->idle());
}

// --- on real workers

class AsyncPoolTest : public testing::Test {
 protected:
  AsyncPoolTest() { pool_->start(); }
  ~AsyncPoolTest() override {
    if (pool_) stop();
  }
  void stop() {
    EXPECT_EQ(pool_->stop(std::chrono::steady_clock::now() + 30s), 0U);
    pool_.reset();
  }
  std::shared_ptr<AsyncScript> script_ = std::make_shared<AsyncScript>();
  std::shared_ptr<WorkerPool> pool_ = std::make_shared<WorkerPool>(2, "test-w-");
};

TEST_F(AsyncPoolTest, ALambdaWillDo) {
  EngineWorld world(1);
  std::atomic<int> seen{0};
  world.topic().consumer = routing::draw([&](routing::RoutesBuilder& r) {
                             r.consumer_group("g").topic("events").handle([&](Batch batch) -> awaitable<void> {
                               co_await wait_for(1ms);
                               seen += static_cast<int>(batch.size());
                             });
                           })
                               .consumer_groups[0]
                               .subscription_groups[0]
                               .topics[0]
                               .consumer;
  const BatchPtr batch = world.batch(pool_, 0, 4);
  batch->start();
  EXPECT_TRUE(world.next_is(Kind::batch_settled));
  EXPECT_EQ(seen, 5);
}

TEST_F(AsyncPoolTest, TenThousandWaitSideBySideOnTwoThreads) {
  constexpr std::uint32_t kMany = 10'000;
  EngineWorld world(kMany);
  use(world, script_);
  std::atomic<std::uint32_t> ran{0};
  script_->consume = [&](Batch) -> awaitable<void> {
    co_await wait_for(20ms);
    ++ran;
  };
  const BatchPtr batch = world.batch(pool_, 0, kMany - 1);
  batch->start();
  // The listener's part: what the pool's queue had no room for.
  while (auto mail = world.next_mail()) {
    const bool settled = mail->kind == Kind::batch_settled;
    if (mail->kind == Kind::shares_unsent) {
      for (std::uint32_t i = batch->unsent_from(); i < kMany; ++i) {
        while (!batch->submit(batch->shares()[i])) std::this_thread::yield();
      }
    }
    Mailbox::settle(*mail);
    if (settled) break;
  }
  EXPECT_EQ(ran, kMany);
  EXPECT_TRUE(world.wait_until_idle());
  EXPECT_GT(world.counters->jobs_running_max, 100U);
}

TEST_F(AsyncPoolTest, IsCancelledWhenItsAssignmentEndsAndItsFarewellFollows) {
  EngineWorld world(1);
  use(world, script_);
  std::atomic<int> waiting{0};
  std::atomic<int> frames_gone{0};
  std::vector<std::string> told;
  script_->consume = [&](Batch batch) -> awaitable<void> {
    const Guard guard(frames_gone);
    batch.mark(batch.front());
    ++waiting;
    world.bell->notify();
    co_await wait_for_ever();
  };
  script_->farewell = [&](const VirtualPartition& where) {
    EXPECT_EQ(frames_gone, 1) << "the coroutine is gone before its object";
    told.emplace_back(where.lost() ? "lost" : "revoked");
  };
  {
    const BatchPtr batch = world.batch(pool_, 0, 4);
    batch->start();
    ASSERT_TRUE(world.bell->wait([&] { return waiting == 1; }));
    Dispatcher dispatcher(pool_, world.bell);
    world.assignment->move_to(Assignment::Phase::ending);
    auto round = std::make_shared<FarewellRound>(world.assignment, FarewellKind::revoked);
    round->send(dispatcher);
    const auto mail = world.next_mail();
    ASSERT_TRUE(mail);
    ASSERT_EQ(mail->kind, Kind::share_open);
    EXPECT_NE(describe_failure(mail->share->failure()).find("cancel"), std::string::npos)
        << describe_failure(mail->share->failure());
    EXPECT_EQ(mail->share->marked(), 1U);
    Mailbox::settle(*mail);
    ASSERT_TRUE(world.wait_until_idle());
  }
  EXPECT_EQ(told, std::vector<std::string>{"revoked"});
  EXPECT_EQ(script_->alive, 0);
  EXPECT_TRUE(released(world, 0, 4));
}

// Cancelling meets coroutines that have not started, wait, or just end; each is accounted for, and no object is
// left.
TEST_F(AsyncPoolTest, CancellingRacesWithStartsAndEnds) {
  for (int round = 0; round < 300; ++round) {
    EngineWorld world(16);
    use(world, script_);
    script_->consume = [&](Batch batch) -> awaitable<void> {
      const auto kind = (batch.front().offset().value + round) % 4;
      if (kind == 0) co_return;
      if (kind == 1) co_await wait_for(std::chrono::microseconds(round % 50));
      if (kind > 1) co_await wait_for_ever();
    };
    std::atomic<int> farewells{0};
    script_->farewell = [&](const VirtualPartition&) { ++farewells; };
    {
      const BatchPtr batch = world.batch(pool_, 0, 15);
      Dispatcher dispatcher(pool_, world.bell);
      batch->start();
      for (int i = 0; i < round % 100; ++i) std::this_thread::yield();
      world.assignment->move_to(Assignment::Phase::ending);
      auto farewell = std::make_shared<FarewellRound>(world.assignment, FarewellKind::revoked);
      farewell->send(dispatcher);
      ASSERT_TRUE(world.wait_until_idle()) << "in round " << round;
      ASSERT_EQ(script_->alive, 0) << "in round " << round;
      std::uint32_t failed = 0;
      while (const auto mail = world.mailbox->take()) {
        failed += mail->kind == Kind::share_open ? 1 : 0;
        Mailbox::settle(*mail);
      }
      ASSERT_LE(failed, 12U);
    }
    ASSERT_TRUE(released(world, 0, 15)) << "in round " << round;
  }
}

TEST_F(AsyncPoolTest, WhatStillWaitsWhenThePoolEndsIsDestroyedThere) {
  EngineWorld world(2);
  use(world, script_);
  std::atomic<int> waiting{0};
  std::atomic<int> frames_gone{0};
  std::atomic<int> farewells{0};
  script_->consume = [&](Batch) -> awaitable<void> {
    const Guard guard(frames_gone);
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    ++waiting;
    world.bell->notify();
    co_await wait_for_ever();
  };
  script_->farewell = [&](const VirtualPartition& where) {
    EXPECT_TRUE(where.lost());
    ++farewells;
  };
  {
    const BatchPtr batch = world.batch(pool_, 0, 1);
    batch->start();
    ASSERT_TRUE(world.bell->wait([&] { return waiting == 2; }));
  }
  world.assignment->move_to(Assignment::Phase::over);
  Dispatcher dispatcher(pool_, world.bell);
  std::make_shared<FarewellRound>(world.assignment, FarewellKind::stopping)->send(dispatcher);
  EXPECT_FALSE(world.jobs->idle());
  EXPECT_EQ(pool_->stop(std::chrono::steady_clock::now() + 30s), 0U);
  EXPECT_EQ(frames_gone, 2);
  EXPECT_EQ(farewells, 2);
  EXPECT_EQ(script_->alive, 0);
  EXPECT_TRUE(world.jobs->idle());
  world.mailbox->close();
  EXPECT_TRUE(world.owner->released_once(0, 1));
  pool_.reset();
}

}  // namespace
}  // namespace braid::engine
