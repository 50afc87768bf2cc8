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
using Flush = engine::ProducerFront::Flush;

// A coroutine blocks no thread: where there is no room, or nothing can call it back, it looks again after a moment.
constexpr auto kFirstLook = 1ms;
constexpr auto kLookMost = 20ms;

Awaitable<void> sleep_for(std::chrono::milliseconds length) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, length);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

// Looks again and again until it holds. False: the deadline came first.
template <class Holds>
Awaitable<bool> look_until(Holds& holds, steady_clock::time_point deadline) {
  for (auto pause = kFirstLook; !holds(); pause = std::min(2 * pause, std::chrono::milliseconds(kLookMost))) {
    if (steady_clock::now() >= deadline) co_return false;
    co_await sleep_for(pause);
  }
  co_return true;
}

Error still_being_sent() {
  return {Error::Kind::timed_out, "not everything has its delivery report; it is still being sent", true};
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
        const auto sent = front.engine().send_within(
            record,
            [complete](const Delivery& delivery) {
              complete(delivery.error ? Result<Delivery>(*delivery.error) : Result<Delivery>(delivery));
            },
            0ms);
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
      const auto sent = front.engine().send_within(
          prepared[i].record(), [state](const Delivery& delivery) { state->settle(delivery); }, 0ms);
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

// The steps of ProducerFront::flush().
Awaitable<Result<void>> flush_async(engine::ProducerFront& front, std::chrono::milliseconds timeout) {
  if (const auto shut = front.shut()) co_return *shut;
  const auto deadline = steady_clock::now() + timeout;

  std::unique_ptr<Flush> flush;
  auto has_the_turn = [&] { return (flush = front.begin_flush(steady_clock::now())) != nullptr; };
  if (!co_await look_until(has_the_turn, deadline)) {
    co_return Error(Error::Kind::timed_out, "another flush has not ended; nothing was sent by this one", true);
  }
  auto is_clear = [&] { return !flush->earlier_is_on_its_way(); };
  if (!co_await look_until(is_clear, deadline)) co_return still_being_sent();

  Result<void> sent;
  auto found_room = [&] {
    sent = flush->send(steady_clock::now());
    return sent.ok() || sent.error().kind() != Error::Kind::queue_full;
  };
  co_await look_until(found_room, deadline);
  if (!sent) co_return sent;

  auto all_ended = [&] { return front.engine().outstanding() == 0; };
  if (!co_await look_until(all_ended, deadline)) co_return still_being_sent();
  co_return flush->outcome();
}

}  // namespace braid::runtime
