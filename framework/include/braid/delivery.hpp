#pragma once

#include <braid/record.hpp>
#include <braid/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// What a producer's calls return. Thread: values; a handle may be waited for by any thread, but not by the
// producer's own, which would wait for itself.

namespace braid {

namespace engine {
class DeliveryState;
}

// One record's delivery, which may be still to come. A copy is the same delivery.
class DeliveryHandle {
 public:
  // Whether it has ended, one way or the other.
  [[nodiscard]] bool ready() const;
  // The delivery; or why the record was not delivered. Error::Kind::timed_out with retriable() true and ready()
  // false: not known yet, and still being sent.
  [[nodiscard]] Result<Delivery> wait(std::chrono::milliseconds timeout) const;

  // For Producer alone.
  explicit DeliveryHandle(std::shared_ptr<engine::DeliveryState> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<engine::DeliveryState> state_;
};

// How an attempt of a consumer has failed that has returned, but of whose records one was not delivered (see
// Batch::produce).
class DeliveryFailed : public std::runtime_error {
 public:
  explicit DeliveryFailed(Error error)
      : std::runtime_error("a record was not delivered: " + error.text()), error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

// Several records that were queued together.
struct ManyProduced {
  std::vector<DeliveryHandle>
      handles;                   // of the records that were queued, in their order; the first ones, if not all
  std::optional<Error> error{};  // why the next one was not; none: all were
  [[nodiscard]] bool ok() const { return !error.has_value(); }
};

// The same where a callback hears of each.
struct ManySent {
  std::size_t sent = 0;          // records that were queued: the first ones, if not all
  std::optional<Error> error{};  // why the next one was not; none: all were
  [[nodiscard]] bool ok() const { return !error.has_value(); }
};
// `index`: the record's place among those that were given together.
using OnEachDelivery = std::function<void(std::size_t index, const Delivery&)>;

// What became of several records.
struct ManyDelivered {
  std::vector<Delivery> each;    // one a record, in their order; one that was not sent has an error that says so
  std::optional<Error> error{};  // the first one; none: all were delivered
  [[nodiscard]] bool ok() const { return !error.has_value(); }
  [[nodiscard]] std::size_t delivered() const;
};

// What a producer's end left behind.
struct CloseReport {
  std::uint64_t undelivered = 0;                                // sent, and not acknowledged: each has its Delivery
  std::map<std::string, std::uint64_t> undelivered_by_topic{};  // the same, by topic
  // What was buffered and was not delivered, in its order. What the close's own flush had sent of it counts above
  // too.
  std::vector<OwnedRecord> buffered{};
  [[nodiscard]] bool all_delivered() const { return undelivered == 0 && buffered.empty(); }
};

struct ProducerFigures {
  std::uint64_t sent = 0;  // queued for sending
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
  std::uint64_t outstanding = 0;  // at present: sent and without a report yet
  std::uint64_t buffered = 0;     // at present
  std::uint64_t rebuilds = 0;     // clients that were replaced, since their idempotence broke
};

}  // namespace braid
