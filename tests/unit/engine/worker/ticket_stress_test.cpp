// Tickets on real workers, settled by threads of a library: what only several threads at once can break.

#include "engine/listener/dispatcher.hpp"
#include "engine/worker/farewell_round.hpp"
#include "engine/worker/worker_pool.hpp"
#include "unit/engine/engine_world.hpp"

#include <braid/ticket.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace braid::engine {
namespace {

using namespace std::chrono_literals;
using test_support::EngineWorld;
using Kind = Mail::Kind;

Time soon() {
  return std::chrono::steady_clock::now() + 30s;
}

// A library that answers on threads of its own, each ticket in one of several ways.
class Library {
 public:
  enum class Way { done, fail, drop, both };

  Library() {
    for (auto& thread : threads_) thread = std::jthread([this] { answer(); });
  }
  ~Library() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    asked_.notify_all();
  }
  void ask(Ticket ticket, Way way) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(ticket), way);
    asked_.notify_one();
  }
  std::atomic<int> effective{0};  // settlements that returned true

 private:
  void answer() {
    std::unique_lock lock(mutex_);
    for (;;) {
      asked_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      auto [ticket, way] = std::move(waiting_.back());
      waiting_.pop_back();
      lock.unlock();
      settle(std::move(ticket), way);
      lock.lock();
    }
  }
  void settle(Ticket ticket, Way way) {
    switch (way) {
      case Way::done:
        effective += ticket.done() ? 1 : 0;
        return;
      case Way::fail:
        effective += ticket.fail("no") ? 1 : 0;
        return;
      case Way::drop:
        return;
      case Way::both: {
        std::jthread other([&] { effective += ticket.fail("no") ? 1 : 0; });
        effective += ticket.done() ? 1 : 0;
        return;
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable asked_;
  bool ended_ = false;
  std::vector<std::pair<Ticket, Way>> waiting_;
  std::array<std::jthread, 2> threads_;
};

// Each share ends exactly once, by done, failure or drop, while the call may or may not have returned.
TEST(TicketStress, EachIsSettledOnceHoweverItEnds) {
  auto pool = std::make_shared<WorkerPool>(2, "test-w-");
  pool->start();
  {
    Library library;
    for (int round = 0; round < 1000; ++round) {
      EngineWorld world(4);
      library.effective = 0;
      world.script.consume = [&](Batch& batch) {
        library.ask(batch.defer(), static_cast<Library::Way>((batch.front().offset().value + round) % 4));
        for (int i = 0; i < round % 40; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
      };
      {
        const BatchPtr batch = world.batch(pool, 0, 3);
        batch->start();
        ASSERT_TRUE(world.wait_until_idle()) << "in round " << round;
        std::uint32_t failed = 0;
        bool settled = false;
        while (const auto mail = world.mailbox->take()) {
          failed += mail->kind == Kind::share_open ? 1 : 0;
          settled |= mail->kind == Kind::batch_settled;
          Mailbox::settle(*mail);
        }
        ASSERT_GE(failed, 2U) << "in round "
                              << round;  // the one that fails, the one that drops, maybe the one of both
        ASSERT_LE(failed, 3U) << "in round " << round;
        ASSERT_FALSE(settled);
        // It counts behind the settling.
        ASSERT_TRUE(world.bell->wait([&] { return library.effective == 3 || (world.bell->notify(), false); }))
            << library.effective << " in round " << round;
        ASSERT_EQ(world.counters->jobs_running, 0U);
      }
      // The library may still hold a ticket for a moment.
      ASSERT_TRUE(
          world.bell->wait([&] { return world.owner->released_once(0, 3) || (world.bell->notify(), false); }));
    }
  }
  EXPECT_EQ(pool->stop(soon()), 0U);
}

// The listener ends the assignment meanwhile: one farewell an object, never beside a call, whoever comes last.
TEST(TicketStress, TheEndOfTheAssignmentWaitsForAllOfThem) {
  auto pool = std::make_shared<WorkerPool>(2, "test-w-");
  pool->start();
  {
    Library library;
    for (int round = 0; round < 1000; ++round) {
      EngineWorld world(4);
      std::atomic<int> made{0};
      std::atomic<int> farewells{0};
      world.script.assigned = [&](const VirtualPartition&) { ++made; };
      world.script.consume = [&](Batch& batch) {
        library.ask(batch.defer(), static_cast<Library::Way>((batch.front().offset().value + round) % 4));
      };
      world.script.revoked = [&](const VirtualPartition&) { ++farewells; };
      {
        const BatchPtr batch = world.batch(pool, 0, 3);
        Dispatcher dispatcher(pool, world.bell);
        batch->start();
        for (int i = 0; i < round % 30; ++i) std::this_thread::yield();
        world.assignment->move_to(round % 2 == 0 ? Assignment::Phase::ending : Assignment::Phase::over);
        auto farewell = std::make_shared<FarewellRound>(world.assignment, FarewellKind::revoked);
        farewell->send(dispatcher);
        ASSERT_TRUE(world.wait_until_idle()) << "in round " << round;
        ASSERT_EQ(farewells, made) << "in round " << round;
        ASSERT_EQ(world.script.made, world.script.destroyed) << "in round " << round;
      }
      world.mailbox->close();
      ASSERT_TRUE(
          world.bell->wait([&] { return world.owner->released_once(0, 3) || (world.bell->notify(), false); }));
    }
  }
  EXPECT_EQ(pool->stop(soon()), 0U);
}

// The application stops and its tickets come in afterwards, or just then.
TEST(TicketStress, SettledWhileThePoolEndsTheyOnlyFree) {
  for (int round = 0; round < 200; ++round) {
    auto pool = std::make_shared<WorkerPool>(2, "test-w-");
    pool->start();
    EngineWorld world(4);
    std::mutex mutex;
    std::vector<Ticket> tickets;
    std::atomic<int> farewells{0};
    world.script.consume = [&](Batch& batch) {
      const std::lock_guard lock(mutex);
      tickets.push_back(batch.defer());
      world.bell->notify();
    };
    world.script.stopping = [&](const VirtualPartition& where) {
      EXPECT_TRUE(where.lost());
      ++farewells;
    };
    {
      const BatchPtr batch = world.batch(pool, 0, 3);
      batch->start();
      ASSERT_TRUE(world.bell->wait([&] {
        const std::lock_guard lock(mutex);
        return tickets.size() == 4;
      }));
    }
    Dispatcher dispatcher(pool, world.bell);
    world.assignment->move_to(Assignment::Phase::over);
    std::make_shared<FarewellRound>(world.assignment, FarewellKind::stopping)->send(dispatcher);
    std::thread foreign([&] {
      for (int i = 0; i < round % 50; ++i) std::this_thread::yield();
      for (Ticket& ticket : tickets) EXPECT_FALSE(ticket.done());
    });
    EXPECT_EQ(pool->stop(soon()), 0U);
    foreign.join();
    ASSERT_TRUE(world.jobs->idle());
    ASSERT_EQ(farewells, 4) << "in round " << round;
    world.mailbox->close();
    ASSERT_TRUE(world.owner->released_once(0, 3)) << "in round " << round;
  }
}

}  // namespace
}  // namespace braid::engine
