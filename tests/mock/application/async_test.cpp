// Consumers that are coroutines, that settle their batches later, or that run on an executor of the host's.

#include "mock/application/application_test.hpp"

#include <braid/async_consumer.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace braid::application_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

class Async : public ApplicationTest {};

awaitable<void> wait_for(std::chrono::steady_clock::duration time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

// Answers on a thread of its own, as client libraries do.
class Library {
 public:
  ~Library() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    asked_.notify_all();
  }
  void ask(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(ticket));
    asked_.notify_all();
  }
  std::function<void(Ticket&)> answer;  // set before the first ask()

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      asked_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::vector<Ticket> tickets = std::exchange(waiting_, {});
      lock.unlock();
      for (Ticket& ticket : tickets) answer(ticket);
      tickets.clear();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable asked_;
  bool ended_ = false;
  std::vector<Ticket> waiting_;
  std::jthread thread_{[this] { work(); }};
};

TEST_F(Async, CoroutinesAreMoreThanThreadsAndKeepTheOrder) {
  make_topic("orders", 2);
  produce("orders", 1000, 50);
  Settings one = settings();
  one.concurrency = 1;
  std::atomic<int> failures{0};
  Application app(one, route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
                    topic.handle([&, r = recorder](Batch batch) -> awaitable<void> {
                      r->enter(batch);
                      co_await wait_for(2ms);
                      for (const Message& message : batch) r->note(batch, message);
                      r->leave(batch);
                      if (failures++ == 3) throw std::runtime_error("once, at the end: all of it comes again");
                    });
                  }));
  app.start();
  ASSERT_TRUE(all_seen(1000));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(recorder->overlaps(), 0);
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
  EXPECT_GT(app.figures().jobs_running_max, 4U) << "of one thread";
  EXPECT_EQ(app.figures().attempts_failed, 1U);
  EXPECT_EQ(app.figures().jobs_running, 0U);
}

TEST_F(Async, MaxInFlightBoundsTheCoroutines) {
  make_topic("orders", 2);
  produce("orders", 300, 50);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  Application app(settings(), route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
                    topic.flow(routing::Flow::continuous).max_messages(2).max_in_flight(5);
                    topic.handle([&, r = recorder](Batch batch) -> awaitable<void> {
                      const int now = ++inside;
                      if (now > most) most = now;
                      co_await wait_for(1ms);
                      --inside;
                      for (const Message& message : batch) r->note(batch, message);
                    });
                  }));
  app.start();
  ASSERT_TRUE(all_seen(300));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_LE(most, 5);
  EXPECT_GT(most, 1);
}

class Waiting final : public AsyncConsumer {
 public:
  explicit Waiting(std::shared_ptr<Recorder> recorder) : recorder_(std::move(recorder)) {}

 protected:
  awaitable<void> consume(Batch batch) override {
    recorder_->note(batch, batch.front());
    batch.mark(batch.front());
    co_await wait_for(24h);
  }
  void on_stopping(const VirtualPartition& where) override {
    recorder_->hook({.name = "stopping", .partition = where.partition().value, .lost = where.lost()});
  }

 private:
  std::shared_ptr<Recorder> recorder_;
};

TEST_F(Async, AStopCancelsWhatStillWaitsWhenItsDrainIsOver) {
  make_topic("orders");
  produce("orders", 10, 1);
  Application app(settings(), route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
                    topic.consumer<Waiting>([r = recorder] { return std::make_unique<Waiting>(r); })
                        .max_messages(10)
                        .max_wait(10s)
                        .virtual_partitions({.max_partitions = 1});
                  }));
  app.start();
  ASSERT_TRUE(all_seen(1));
  const StopReport report = app.stop(2000ms);
  EXPECT_TRUE(report.in_time) << (report.left_behind.empty() ? "" : report.left_behind.front());
  const auto stopping = recorder->hooks("stopping");
  ASSERT_EQ(stopping.size(), 1U);
  EXPECT_FALSE(stopping.front().lost) << "it came in time";
  EXPECT_EQ(committed("g", "orders", 1), std::vector<std::int64_t>{1}) << "what it had marked";
}

TEST_F(Async, TicketsAreSettledFromAnywhere) {
  make_topic("orders", 2);
  produce("orders", 600, 30);
  Library library;
  std::atomic<int> refused{0};
  library.answer = [&](Ticket& ticket) {
    if (refused++ == 5) {
      ticket.fail("the server is busy");
      return;
    }
    for (const Message& message : ticket) ticket.mark(message);
    ticket.done();
  };
  Application app(settings(), route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
                    topic.handle([&library, r = recorder](Batch& batch) {
                      for (const Message& message : batch) r->note(batch, message);
                      library.ask(batch.defer());
                    });
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] { return app.figures().messages_done == 600; }));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
  EXPECT_EQ(app.figures().attempts_failed, 1U);
  EXPECT_EQ(app.figures().jobs_running, 0U);
}

TEST_F(Async, AStopWaitsForTicketsAndThenLeavesThem) {
  make_topic("orders");
  produce("orders", 1);
  std::mutex mutex;
  std::optional<Ticket> kept;
  Application app(settings(), route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
                    topic.handle([&](Batch& batch) {
                      const std::lock_guard lock(mutex);
                      kept.emplace(batch.defer());
                    });
                  }));
  app.start();
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return kept.has_value();
  }));
  const StopReport report = app.stop(500ms);
  EXPECT_FALSE(report.in_time);
  EXPECT_GT(log.count("1 jobs still in user code"), 0U);
  EXPECT_EQ(kept->size(), 1U) << "its messages stay";
  EXPECT_EQ((*kept).begin()->payload(), "0");
  EXPECT_TRUE(kept->revoked());
  EXPECT_FALSE(kept->done()) << "it counts no more";
  EXPECT_LE(committed("g", "orders", 1).front(), 0) << "not done, so not committed";
}

TEST_F(Async, AnOverdueTicketIsReportedAndRetried) {
  make_topic("orders");
  produce("orders", 3, 1);
  std::mutex mutex;
  std::vector<Ticket> late;
  auto routes = route("g", "orders", recorder, [&](routing::TopicBuilder& topic) {
    topic.max_messages(3).max_wait(10s).handle([&, r = recorder](Batch& batch) {
      Ticket ticket = batch.defer();
      if (batch.retrying()) {
        for (const Message& message : batch) r->note(batch, message);
        ticket.done();
        return;
      }
      const std::lock_guard lock(mutex);
      late.push_back(std::move(ticket));
    });
  });
  auto& topic = routes.consumer_groups[0].subscription_groups[0].topics[0];
  topic.ticket_timeout = 100ms;
  topic.on_ticket_timeout = routing::OnTicketTimeout::retry;
  Application app(settings(), std::move(routes));
  app.start();
  EXPECT_TRUE(all_seen(3));
  EXPECT_TRUE(app.stop().in_time);
  EXPECT_EQ(log.count("is overdue: offsets 0 to 2 (3 messages)"), 1U);
  EXPECT_EQ(committed("g", "orders", 1), ends("orders", 1));
  for (Ticket& ticket : late) EXPECT_FALSE(ticket.done());
}

TEST_F(Async, AHostMayLendItsExecutor) {
  make_topic("orders", 2);
  produce("orders", 500, 20);
  boost::asio::thread_pool host(2);
  std::atomic<bool> stray{false};
  recorder->script = [&](Batch&) {
    if (!host.get_executor().running_in_this_thread()) stray = true;
  };
  {
    Application app(settings(), route("g", "orders", recorder), host.get_executor());
    app.start();
    EXPECT_TRUE(all_seen(500));
    EXPECT_TRUE(app.stop().in_time);
  }
  host.join();
  EXPECT_FALSE(stray);
  EXPECT_EQ(order_fault(recorder->seen()), "");
  EXPECT_EQ(committed("g", "orders", 2), ends("orders", 2));
  EXPECT_EQ(recorder->alive(), 0);
}

}  // namespace
}  // namespace braid::application_test
