// Work that waits without a thread: bare Asio, and an asynchronous consumer.

#include "part_app.hpp"
#include "parts.hpp"
#include "work_span.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

// Until every Braid has it.
#define BRAID_ASYNC_CONSUMER_HEADER <braid/async_consumer.hpp>
#if __has_include(BRAID_ASYNC_CONSUMER_HEADER)
#include BRAID_ASYNC_CONSUMER_HEADER
#define BRAID_HAS_ASYNC_CONSUMER
#endif

namespace braid::benchmarks {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> wait_for(std::chrono::microseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> piece_of_work(WorkSpan& span, std::chrono::microseconds time) {
  span.begin();
  co_await wait_for(time);
  span.end();
}

#ifdef BRAID_HAS_ASYNC_CONSUMER
class Waiter final : public AsyncConsumer {
 public:
  Waiter(WorkSpan& span, std::chrono::microseconds time) : span_(span), time_(time) {}

 protected:
  asio::awaitable<void> consume(Batch batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) co_await piece_of_work(span_, time_);
  }

 private:
  WorkSpan& span_;
  std::chrono::microseconds time_;
};
#endif

}  // namespace

// coroutines, threads, wait_us → seconds
Values measure_asio_timers(const Values& request) {
  const std::uint64_t coroutines = request.count("coroutines");
  const std::chrono::microseconds time{request.count("wait_us")};
  WorkSpan span(coroutines);
  asio::io_context context;
  // Spawned by one thread while all run, as a listener does it.
  auto work = asio::make_work_guard(context);
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < request.count("threads"); ++i) threads.emplace_back([&] { context.run(); });
  for (std::uint64_t i = 0; i < coroutines; ++i) asio::co_spawn(context, piece_of_work(span, time), asio::detached);
  const bool complete = span.wait(std::chrono::seconds{30});
  work.reset();
  context.stop();
  threads.clear();
  if (!complete) throw std::runtime_error("the timers did not end");
  return Values().set("seconds", span.seconds());
}

// messages, wait_us, and what a PartApp needs → seconds
Values measure_coroutines(const Values& request) {
#ifdef BRAID_HAS_ASYNC_CONSUMER
  const std::uint64_t messages = request.count("messages");
  const std::chrono::microseconds time{request.count("wait_us")};
  WorkSpan span(messages);
  PartApp app(request, [&](routing::TopicBuilder& topic) {
    topic.consumer<Waiter>([&span, time] { return std::make_unique<Waiter>(span, time); });
  });
  if (!span.wait(std::chrono::seconds{120})) throw std::runtime_error(stuck_text(app));
  app.stop();
  if (span.ended() != messages) throw std::runtime_error("messages came twice");
  return Values().set("seconds", span.seconds());
#else
  static_cast<void>(request);
  throw std::runtime_error("this Braid has no asynchronous consumers yet");
#endif
}

}  // namespace braid::benchmarks
