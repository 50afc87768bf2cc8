#pragma once

#include <braid/batch.hpp>
#include <braid/consumer.hpp>
#include <braid/handler.hpp>

#include <boost/asio/awaitable.hpp>

#include <utility>

namespace braid {

// The base of user code that takes batches in coroutines. Its virtual partition is busy until the coroutine has
// completed, and no thread of the pool is while it waits: how many may be in flight is the topic's max_in_flight.
//
// The batch is the coroutine's own: a parameter by value lives in its frame. Its messages live until the coroutine
// has completed. Completing says that all of them are done; an exception fails the attempt, as everywhere.
//
// When the assignment is revoked or lost, and at a stop when its drain is over, the coroutine gets a terminal
// cancellation: what it waits for ends with operation_aborted, and what it has marked by then counts.
//
// Thread: as Consumer. The coroutine runs on a strand of the pool's executor (co_await this_coro::executor), or of
// the host's, and so do objects that it makes on that. A coroutine that never completes holds up a stop until its
// deadline; then it is destroyed where it waits.
class AsyncConsumer : public Consumer {
 protected:
  virtual boost::asio::awaitable<void> consume(Batch batch) = 0;

 private:
  void consume(Batch& batch) final;
};

namespace detail {

template <class Handler>
class CoroutineHandler final : public AsyncConsumer {
 public:
  explicit CoroutineHandler(const Handler& handler) : handler_(handler) {}

 protected:
  // What the function captured lives in this object, so its coroutine may use it to its end.
  boost::asio::awaitable<void> consume(Batch batch) override { return handler_(std::move(batch)); }

 private:
  Handler handler_;
};

}  // namespace detail

}  // namespace braid
