#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace braid {

// What the world did: broker, network, a full queue. The text ends with what to try, where there is something.
// Thread: a value; as any.
class Error {
 public:
  enum class Kind : std::uint8_t {
    other,
    broker_unreachable,  // no broker answers
    unknown_topic,       // or partition; may appear later
    not_authorized,
    invalid_setting,
    timed_out,
    queue_full,
    stale_member,  // the group has moved on: illegal generation, unknown member, fenced
    message_too_large,
    closed,
    invalid_record,  // it could never be sent: no topic, a header without a name, ...
    refused,         // by the user's own middleware
    fenced,          // another producer of the same transactional id has taken over
    aborted,         // the transaction was, by its own work, and nothing of it counts
    not_committed,   // what a consumer's own transaction was to store is not there
    in_doubt,        // whether the transaction was committed, nobody knows
  };

  Error() = default;
  Error(Kind kind, std::string text, bool retriable = false, bool fatal = false)
      : kind_(kind), retriable_(retriable), fatal_(fatal), text_(std::move(text)) {}

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  // Worth doing again, as it is.
  [[nodiscard]] bool retriable() const { return retriable_; }
  // The client is of no more use.
  [[nodiscard]] bool fatal() const { return fatal_; }

 private:
  Kind kind_ = Kind::other;
  bool retriable_ = false;
  bool fatal_ = false;
  std::string text_;
};

// A value, or why there is none. Thread: a value; as any.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}      // NOLINT: conversions are the point
  Result(Error error) : content_(std::move(error)) {}  // NOLINT

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }
  // Requires ok().
  [[nodiscard]] const T& value() const& { return std::get<0>(content_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(content_)); }
  // Requires !ok().
  [[nodiscard]] const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace braid
