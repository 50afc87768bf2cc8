#include "core/decoding/utf8.hpp"
#include "engine/worker/assignment.hpp"
#include "engine/worker/batch_access.hpp"
#include "engine/worker/describe_failure.hpp"
#include "engine/worker/running_batch.hpp"
#include "engine/worker/share.hpp"

#include <braid/deserializer.hpp>
#include <braid/typed_consumer.hpp>

#include <fmt/format.h>

#include <new>
#include <stdexcept>

namespace braid {

namespace {

std::string text_of_failure(const Message& message, const std::string& reason) {
  return fmt::format("{}/{}: the payload at offset {} can't be decoded: {}", message.topic(),
                     message.partition().value, message.offset().value, reason);
}

}  // namespace

DecodingFailed::DecodingFailed(const Message& message, const std::string& reason)
    : DecodingFailed(message, reason, nullptr, false) {}

DecodingFailed::DecodingFailed(const Message& message, const std::string& reason, std::exception_ptr cause,
                               bool worth_retrying)
    : MessageFailed(message, text_of_failure(message, reason)),
      topic_(message.topic()),
      partition_(message.partition()),
      cause_(std::move(cause)),
      worth_retrying_(worth_retrying) {}

namespace detail {

std::string_view text_of(const Message& message) {
  const std::string_view payload = message.payload();
  const std::size_t length = core::utf8_length(payload);
  if (length < payload.size())
    throw DecodingFailed(message, fmt::format("it is not UTF-8 from byte {} on", length));
  return payload;
}

void throw_decoding_failed(const Message& message) {
  try {
    throw;
  } catch (const MessageFailed&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw DecodingFailed(message, "memory is short", std::current_exception(), true);
  } catch (...) {
    const std::exception_ptr cause = std::current_exception();
    throw DecodingFailed(message, engine::describe_failure(cause), cause, false);
  }
}

void throw_tombstone(const Message& message) {
  throw DecodingFailed(message, "it is a tombstone, which has no value; see is_tombstone() and value_if()");
}

void require_fit(const routing::Deserializer& deserializer, const routing::TakenValue& taken) {
  std::string wrong = routing::misfit(deserializer, taken);
  if (!wrong.empty()) throw std::logic_error(wrong);
}

const routing::Deserializer& deserializer_of(const Batch& batch) {
  return engine::BatchAccess::share(batch).batch().assignment().topic().deserializer;
}

}  // namespace detail

}  // namespace braid
