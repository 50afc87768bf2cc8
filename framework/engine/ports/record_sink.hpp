#pragma once

#include <braid/record.hpp>
#include <braid/result.hpp>

namespace braid::engine {

// Where what consumers produce goes: an application's producer. Thread: any.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Copies and queues; may wait for room, for a bounded time. If this succeeds `on_delivery` is called once,
  // whatever becomes of the record, on any thread, maybe from within; and not otherwise.
  virtual Result<void> send(const Record& record, OnDelivery on_delivery) = 0;
};

}  // namespace braid::engine
