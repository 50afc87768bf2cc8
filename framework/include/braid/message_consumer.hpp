#pragma once

#include <braid/consumer.hpp>

namespace braid {

// The base of user code that takes one message at a time. Each message is marked as soon as its call has returned,
// so that an attempt which fails is repeated from the very message that failed, and the framework knows which one
// that is.
//
// Thread: as Consumer. Under `offsets: manual` take a Consumer instead: here returning always says "done".
class MessageConsumer : public Consumer {
 protected:
  // Returning says that this message is done. May block, may throw.
  virtual void consume(const Message& message) = 0;

 private:
  void consume(Batch& batch) final;
  // Before the first message of each; for TypedMessageConsumer.
  virtual void begin_batch(const Batch&) {}
};

}  // namespace braid
