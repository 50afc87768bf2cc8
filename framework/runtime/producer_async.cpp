#include "runtime/make_producer.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace braid::runtime {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// A coroutine blocks no thread: where there is no room, or nothing can call it back, it looks again after a moment.
constexpr auto kFirstLook = 1ms;
constexpr auto kLookMost = 20ms;

Awaitable<void> sleep_for(std::chrono::milliseconds length) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, length);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

// Completes, on the coroutine's executor, with what became of a record; or at once, with why it was not sent.
Awaitable<Result<Delivery>> send_once(engine::ProducerFront& front, const Record& record) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Result<Delivery>)>(
      [&front, &record](auto handler) {
        const auto executor = boost::asio::get_associated_executor(handler);
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        auto complete = [kept, work = boost::asio::make_work_guard(executor)](Result<Delivery> result) {
          boost::asio::post(work.get_executor(),
                            [kept, result = std::move(result)]() mutable { std::move (*kept)(std::move(result)); });
        };
        const auto sent = front.engine().try_send(record, [complete](const Delivery& delivery) {
          complete(delivery.error ? Result<Delivery>(*delivery.error) : Result<Delivery>(delivery));
        });
        if (!sent) complete(sent.error());
      },
      boost::asio::use_awaitable);
}

Awaitable<Result<Delivery>> send(engine::ProducerFront& front, const Record& record) {
  const auto deadline = steady_clock::now() + front.engine().max_wait_for_room();
  for (auto pause = kFirstLook;; pause = std::min(2 * pause, std::chrono::milliseconds(kLookMost))) {
    auto result = co_await send_once(front, record);
    const bool full = !result && result.error().kind() == Error::Kind::queue_full;
    if (!full || steady_clock::now() >= deadline) co_return result;
    co_await sleep_for(pause);
  }
}

}  // namespace

Awaitable<Result<Delivery>> produce_async(engine::ProducerFront& front, Record record) {
  if (const auto shut = front.shut()) co_return *shut;
  engine::ProducerFront::Prepared prepared;
  if (const auto fine = front.prepare(record, prepared); !fine) co_return fine.error();
  co_return co_await send(front, prepared.record());
}

Awaitable<ManyDelivered> produce_many_async(engine::ProducerFront& front, std::vector<Record> records) {
  ManyDelivered many;
  many.error = front.shut();
  std::deque<engine::ProducerFront::Prepared> prepared;
  if (!many.error) {
    if (const auto fine = front.prepare(records, prepared); !fine) many.error = fine.error();
  }
  std::vector<DeliveryHandle> handles;
  for (std::size_t i = 0; i < prepared.size() && !many.error; ++i) {
    const auto deadline = steady_clock::now() + front.engine().max_wait_for_room();
    for (;;) {
      auto state = std::make_shared<engine::DeliveryState>();
      const auto sent = front.engine().try_send(prepared[i].record(),
                                                [state](const Delivery& delivery) { state->settle(delivery); });
      if (sent) {
        handles.emplace_back(std::move(state));
        break;
      }
      if (sent.error().kind() != Error::Kind::queue_full || steady_clock::now() >= deadline) {
        many.error = sent.error();
        break;
      }
      co_await sleep_for(kFirstLook);
    }
  }
  for (std::size_t i = 0; i < handles.size(); ++i) {
    for (auto pause = kFirstLook; !handles[i].ready();
         pause = std::min(2 * pause, std::chrono::milliseconds(kLookMost))) {
      co_await sleep_for(pause);
    }
    const auto delivery = handles[i].wait(0ms);
    if (delivery) {
      many.each.push_back(delivery.value());
      continue;
    }
    if (!many.error) many.error = delivery.error();
    many.each.push_back(
        Delivery{.partition = {}, .offset = {}, .error = delivery.error(), .label = records[i].label});
  }
  for (std::size_t i = many.each.size(); i < records.size(); ++i) {
    many.each.push_back(Delivery{.partition = {}, .offset = {}, .error = many.error, .label = records[i].label});
  }
  co_return many;
}

Awaitable<Result<void>> flush_async(engine::ProducerFront& front, std::chrono::milliseconds timeout) {
  if (const auto shut = front.shut()) co_return *shut;
  const auto deadline = steady_clock::now() + timeout;
  bool all_sent = false;
  for (auto pause = kFirstLook;; pause = std::min(2 * pause, std::chrono::milliseconds(kLookMost))) {
    // Once only: what fails comes back, for the next flush.
    if (!all_sent) {
      auto sent = front.send_buffered();
      const bool full = !sent && sent.error().kind() == Error::Kind::queue_full;
      if (!sent && (!full || steady_clock::now() >= deadline)) co_return sent;
      all_sent = sent.ok();
    }
    if (all_sent && front.engine().outstanding() == 0) co_return front.flushed();
    if (steady_clock::now() >= deadline) {
      co_return Error(Error::Kind::timed_out, "not everything has its delivery report; it is still being sent",
                      true);
    }
    co_await sleep_for(pause);
  }
}

}  // namespace braid::runtime
