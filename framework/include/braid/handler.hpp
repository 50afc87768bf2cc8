#pragma once

#include <braid/batch.hpp>
#include <braid/consumer.hpp>
#include <braid/message_consumer.hpp>

#include <type_traits>
#include <utility>

// Consumers made of a function: what `topic("t").handle(...)` (braid/routing/builders.hpp) turns a callable into.

namespace braid::detail {

// handle([](Batch& batch) { ... })
template <class Handler>
class BatchHandler final : public Consumer {
 public:
  explicit BatchHandler(const Handler& handler) : handler_(handler) {}

 protected:
  void consume(Batch& batch) override { handler_(batch); }

 private:
  Handler handler_;
};

// handle([](const Message& message) { ... })
template <class Handler>
class MessageHandler final : public MessageConsumer {
 public:
  explicit MessageHandler(const Handler& handler) : handler_(handler) {}

 protected:
  void consume(const Message& message) override { handler_(message); }

 private:
  Handler handler_;
};

// handle([](Batch batch) -> boost::asio::awaitable<void> { ... }); defined in <braid/async_consumer.hpp>, which
// such a program includes.
template <class Handler>
class CoroutineHandler;

}  // namespace braid::detail

namespace braid::routing::detail {

template <class Handler, class Argument, class Result>
consteval bool handles() {
  if constexpr (std::is_invocable_v<Handler&, Argument>) {
    return std::is_void_v<Result> == std::is_void_v<std::invoke_result_t<Handler&, Argument>>;
  } else {
    return false;
  }
}

// Which consumer a callable becomes, by what it takes and returns.
template <class Handler>
struct HandlerConsumer {
  static constexpr bool of_batches = handles<Handler, Batch&, void>();
  static constexpr bool of_messages = !of_batches && handles<Handler, const Message&, void>();
  static constexpr bool asynchronous = !of_batches && !of_messages && handles<Handler, Batch, int>();
  static_assert(
      of_batches || of_messages || asynchronous,
      "handle() takes a function of Batch&, of const Message&, or of Batch that returns an awaitable<void>");
  using type = std::conditional_t<of_batches, braid::detail::BatchHandler<Handler>,
                                  std::conditional_t<of_messages, braid::detail::MessageHandler<Handler>,
                                                     braid::detail::CoroutineHandler<Handler>>>;
};

}  // namespace braid::routing::detail
