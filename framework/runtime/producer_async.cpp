#include "runtime/make_producer.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

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

// Sends all, or up to one that can't be sent: why.
Awaitable<std::optional<Error>> send_all(engine::ProducerFront& front,
                                         const std::deque<engine::ProducerFront::Prepared>& prepared,
                                         std::vector<DeliveryHandle>& handles) {
  for (const auto& each : prepared) {
    const auto deadline = steady_clock::now() + front.engine().max_wait_for_room();
    for (;;) {
      auto state = std::make_shared<engine::DeliveryState>();
      const auto sent = front.engine().send_within(
          each.record(), [state](const Delivery& delivery) { state->settle(delivery); }, 0ms);
      if (sent) {
        handles.emplace_back(std::move(state));
        break;
      }
      if (sent.error().kind() != Error::Kind::queue_full || steady_clock::now() >= deadline) {
        co_return engine::not_sent(handles.size(), prepared.size(), sent.error());
      }
      co_await sleep_for(kFirstLook);
    }
  }
  co_return std::nullopt;
}

Awaitable<void> wait_for_all(const std::vector<DeliveryHandle>& handles) {
  for (const DeliveryHandle& handle : handles) {
    for (auto pause = kFirstLook; !handle.ready();
         pause = std::min(2 * pause, std::chrono::milliseconds(kLookMost))) {
      co_await sleep_for(pause);
    }
  }
}

ManyDelivered outcome_of(const std::vector<Record>& records, const std::vector<DeliveryHandle>& handles,
                         std::optional<Error> error) {
  ManyDelivered many{.each = {}, .error = std::move(error)};
  many.each.reserve(records.size());
  for (const DeliveryHandle& handle : handles) {
    const auto delivery = handle.wait(0ms);
    if (delivery) {
      many.each.push_back(delivery.value());
      continue;
    }
    if (!many.error) many.error = delivery.error();
    many.each.push_back(Delivery{
        .partition = {}, .offset = {}, .error = delivery.error(), .label = records[many.each.size()].label});
  }
  while (many.each.size() < records.size()) {
    many.each.push_back(
        Delivery{.partition = {}, .offset = {}, .error = many.error, .label = records[many.each.size()].label});
  }
  return many;
}

// The steps of ProducerFront::flush(). It may be closed between any two looks.
Awaitable<Result<void>> flush_by_steps(engine::ProducerFront& front, steady_clock::time_point deadline) {
  std::optional<Error> shut = front.shut();
  if (shut) co_return *shut;

  std::unique_ptr<Flush> flush;
  auto has_the_turn = [&] {
    shut = front.shut();
    return shut || (flush = front.begin_flush(steady_clock::now())) != nullptr;
  };
  if (!co_await look_until(has_the_turn, deadline)) {
    co_return Error(Error::Kind::timed_out, "another flush has not ended; nothing was sent by this one", true);
  }
  if (shut) co_return *shut;
  auto is_clear = [&] {
    shut = front.shut();
    return shut || !flush->earlier_is_on_its_way();
  };
  if (!co_await look_until(is_clear, deadline)) co_return still_being_sent();
  if (shut) co_return *shut;

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

// Within a handler: Asio's cancellation, which its own operations throw, ends there. Anything else goes on.
void require_cancelled(const boost::system::system_error& error) {
  if (error.code() != boost::asio::error::operation_aborted) throw;
}

}  // namespace

// `front` is a parameter, and so ends behind all else of the coroutine.

Awaitable<Result<Delivery>> produce_async(std::shared_ptr<engine::ProducerFront> front, Record record) {
  if (const auto shut = front->shut()) co_return *shut;
  engine::ProducerFront::Prepared prepared;
  if (const auto fine = front->prepare(record, prepared); !fine) co_return fine.error();
  try {
    co_return co_await send(*front, prepared.record());
  } catch (const boost::system::system_error& error) {
    require_cancelled(error);
    co_return Error(Error::Kind::other, "cancelled while it waited for room; the record was not sent", true);
  }
}

Awaitable<ManyDelivered> produce_many_async(std::shared_ptr<engine::ProducerFront> front,
                                            std::vector<Record> records) {
  std::vector<DeliveryHandle> handles;
  std::optional<Error> error = front->shut();
  std::deque<engine::ProducerFront::Prepared> prepared;
  if (!error) {
    if (const auto fine = front->prepare(records, prepared); !fine) error = fine.error();
  }
  if (error) co_return outcome_of(records, handles, std::move(error));
  try {
    error = co_await send_all(*front, prepared, handles);
    co_await wait_for_all(handles);
  } catch (const boost::system::system_error& thrown) {
    require_cancelled(thrown);
    error = Error(Error::Kind::other, "cancelled before all records were delivered", true);
  }
  co_return outcome_of(records, handles, std::move(error));
}

Awaitable<Result<void>> flush_async(std::shared_ptr<engine::ProducerFront> front,
                                    std::chrono::milliseconds timeout) {
  try {
    co_return co_await flush_by_steps(*front, steady_clock::now() + timeout);
  } catch (const boost::system::system_error& error) {
    require_cancelled(error);
    co_return Error(Error::Kind::other,
                    "the flush was cancelled; what it has sent is still being sent, the rest is buffered", true);
  }
}

}  // namespace braid::runtime
