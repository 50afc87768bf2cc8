#pragma once

#include <braid/batch.hpp>
#include <braid/consumer.hpp>
#include <braid/deserializer.hpp>
#include <braid/handler.hpp>
#include <braid/message.hpp>
#include <braid/message_consumer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Consumers of values instead of bytes.

namespace braid {

// A message and its value, made of it when it is first asked for and kept as long as this is. A value may point
// into the payload. Stands for its Message wherever one is asked for. Thread: one at a time.
template <class T>
class TypedMessage {
 public:
  // Throws DecodingFailed where the payload can't be decoded, the same each time, and for a tombstone, which has no
  // value. An empty payload is decoded as any other.
  [[nodiscard]] const T& value() const;
  // The same; nullptr for a tombstone.
  [[nodiscard]] const T* value_if() const { return is_tombstone() ? nullptr : &value(); }
  [[nodiscard]] bool is_tombstone() const { return message_->is_tombstone(); }

  [[nodiscard]] const Message& raw() const { return *message_; }
  operator const Message&() const { return *message_; }  // NOLINT: a typed message is one
  [[nodiscard]] Offset offset() const { return message_->offset(); }
  [[nodiscard]] std::string_view key() const { return message_->key(); }
  [[nodiscard]] bool has_key() const { return message_->has_key(); }
  [[nodiscard]] std::string_view payload() const { return message_->payload(); }
  [[nodiscard]] std::string_view topic() const { return message_->topic(); }
  [[nodiscard]] PartitionNumber partition() const { return message_->partition(); }
  [[nodiscard]] std::chrono::system_clock::time_point timestamp() const { return message_->timestamp(); }
  [[nodiscard]] std::vector<Header> headers() const { return message_->headers(); }
  [[nodiscard]] std::optional<Header> header(std::string_view name) const { return message_->header(name); }

  // `message` and `decoder` outlive it.
  TypedMessage(const Message& message, const detail::Decoder<T>& decoder)
      : message_(&message), decoder_(&decoder) {}

 private:
  const Message* message_;
  const detail::Decoder<T>* decoder_;
  mutable std::variant<std::monostate, T, std::exception_ptr> value_;
};

namespace detail {

// What the batch's topic says its payloads are; lives as long as the application's routes.
[[nodiscard]] const routing::Deserializer& deserializer_of(const Batch& batch);

}  // namespace detail

// A batch's messages with their values, in one allocation a batch. It may be made of any batch, by a consumer or
// coroutine that takes batches; then its messages live as long as both. Thread: the one that runs the call.
template <class T>
class TypedBatch {
 public:
  // Throws std::logic_error if the topic's deserializer makes no T.
  explicit TypedBatch(Batch& batch) : TypedBatch(batch, detail::decoder_for<T>(detail::deserializer_of(batch))) {}
  TypedBatch(Batch& batch, const detail::Decoder<T>& decoder) : batch_(&batch) {
    messages_.reserve(batch.size());
    for (const Message& message : batch) messages_.emplace_back(message, decoder);
  }

  [[nodiscard]] auto begin() const { return messages_.begin(); }
  [[nodiscard]] auto end() const { return messages_.end(); }
  [[nodiscard]] std::size_t size() const { return messages_.size(); }
  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] const TypedMessage<T>& operator[](std::size_t index) const { return messages_[index]; }
  [[nodiscard]] const TypedMessage<T>& front() const { return messages_.front(); }
  [[nodiscard]] const TypedMessage<T>& back() const { return messages_.back(); }

  // The batch itself, for all that is not said here.
  [[nodiscard]] Batch& raw() const { return *batch_; }
  [[nodiscard]] std::string_view topic() const { return batch_->topic(); }
  [[nodiscard]] PartitionNumber partition() const { return batch_->partition(); }
  [[nodiscard]] const VirtualPartition& virtual_partition() const { return batch_->virtual_partition(); }
  void mark(const Message& message) { batch_->mark(message); }
  void mark(Offset offset) { batch_->mark(offset); }
  [[nodiscard]] std::uint32_t attempt() const { return batch_->attempt(); }
  [[nodiscard]] bool retrying() const { return batch_->retrying(); }
  [[nodiscard]] bool revoked() const { return batch_->revoked(); }
  [[nodiscard]] bool lost() const { return batch_->lost(); }

 private:
  Batch* batch_;
  std::vector<TypedMessage<T>> messages_;
};

// The base of user code that takes batches of values. Everything else is as Consumer says.
//
// A value is made when it is first asked for, within the attempt, once; it lives until the call returns, so who
// defers the attempt takes along what is needed. The next attempt decodes anew, what is left of the share alone: in
// between its messages may have moved, and a value may point into them.
template <class T>
class TypedConsumer : public Consumer {
 public:
  // For routes: what has to be made for it.
  [[nodiscard]] static routing::TakenValue taken() { return detail::taken_value_of<T>(); }

 protected:
  virtual void consume(TypedBatch<T>& batch) = 0;

 private:
  void consume(Batch& batch) final {
    TypedBatch<T> typed(batch);
    consume(typed);
  }
};

// The base of user code that takes one value at a time; everything else is as MessageConsumer says.
template <class T>
class TypedMessageConsumer : public MessageConsumer {
 public:
  [[nodiscard]] static routing::TakenValue taken() { return detail::taken_value_of<T>(); }

 protected:
  virtual void consume(const TypedMessage<T>& message) = 0;

 private:
  void begin_batch(const Batch& batch) final { decoder_ = &detail::decoder_for<T>(detail::deserializer_of(batch)); }
  void consume(const Message& message) final { consume(TypedMessage<T>(message, *decoder_)); }

  const detail::Decoder<T>* decoder_ = nullptr;
};

template <class T>
const T& TypedMessage<T>::value() const {
  if (value_.index() == 2) std::rethrow_exception(std::get<2>(value_));
  if (value_.index() == 0) {
    if (is_tombstone()) detail::throw_tombstone(*message_);
    try {
      try {
        value_.template emplace<1>(decoder_->decode(*message_));
      } catch (...) {
        detail::throw_decoding_failed(*message_);
      }
    } catch (...) {
      value_.template emplace<2>(std::current_exception());
      throw;
    }
  }
  return std::get<1>(value_);
}

namespace detail {

// handle<T>([](const TypedMessage<T>& message) { ... })
template <class T, class Handler>
class TypedMessageHandler final : public TypedMessageConsumer<T> {
 public:
  explicit TypedMessageHandler(const Handler& handler) : handler_(handler) {}

 protected:
  void consume(const TypedMessage<T>& message) override { handler_(message); }

 private:
  Handler handler_;
};

// handle<T>([](TypedBatch<T>& batch) { ... })
template <class T, class Handler>
class TypedBatchHandler final : public TypedConsumer<T> {
 public:
  explicit TypedBatchHandler(const Handler& handler) : handler_(handler) {}

 protected:
  void consume(TypedBatch<T>& batch) override { handler_(batch); }

 private:
  Handler handler_;
};

}  // namespace detail

}  // namespace braid

namespace braid::routing::detail {

template <class T, class Handler>
struct TypedHandlerConsumer {
  static constexpr bool of_messages = handles<Handler, const TypedMessage<T>&, void>();
  template <class H>
  static consteval bool of_batches() {
    // Not asked of a function of messages: of a generic one it would not compile.
    if constexpr (of_messages) {
      return false;
    } else {
      return handles<H, TypedBatch<T>&, void>();
    }
  }
  static_assert(of_messages || of_batches<Handler>(),
                "handle<T>() takes a function of const TypedMessage<T>& or of TypedBatch<T>&");
  using type = std::conditional_t<of_messages, braid::detail::TypedMessageHandler<T, Handler>,
                                  braid::detail::TypedBatchHandler<T, Handler>>;
};

}  // namespace braid::routing::detail
